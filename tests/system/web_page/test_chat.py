"""What people say to each other on the page arrives, as text, and as they said it."""

from playwright.sync_api import expect

from tests.system.web_page.browsing import Complaints, Visit


def test_two_people_chat_in_their_languages(visit: Visit) -> None:
    alice, bob = visit("alice").arrive(), visit("bob", locale="zh-CN", color_scheme="dark").arrive()
    alice.chat_with(bob.name)
    said = ["Hello Bob", "两行\n第二行 👨‍👩‍👧‍👦🪿", "مرحبا بك 123 שלום"]
    for text in said:
        alice.say(text)
    alice.sees(*said)

    expect(bob.page.locator("#conversations .preview")).to_have_text(said[-1])
    assert bob.unread_of(alice.name) == "3"
    expect(bob.page).to_have_title("(3) 鸿雁")
    expect(alice.page.locator(".mark.delivered")).to_have_count(3)
    bob.open(alice.name)
    bob.sees(*said)
    expect(bob.page.locator(".badge")).to_have_count(0)
    expect(alice.page.locator(".mark.read")).to_have_count(3)

    bob.page.locator("#text").press_sequentially("正在写")
    expect(alice.page.locator("#thread-note")).to_have_text("typing…")
    bob.say("收到，谢谢！")
    alice.sees(*said, "收到，谢谢！")
    expect(alice.page.locator("#thread-note")).to_have_text("")
    expect(alice.page.locator("#announcer")).to_have_text(f"{bob.name}: 收到，谢谢！")
    assert bob.page.locator("html").get_attribute("lang") == "zh-CN"
    assert alice.page.locator("html").get_attribute("lang") == "en"


def test_a_message_of_60_kb_arrives_whole_and_is_folded(visit: Visit) -> None:
    alice, bob = visit("alice").arrive(), visit("bob").arrive()
    alice.chat_with(bob.name)
    text = "鸿雁传书，" * 4_000
    assert len(text.encode()) == 60_000
    alice.say(text)
    alice.say("after")
    bob.open(alice.name)
    bob.sees(text, "after")
    expect(bob.page.locator(".words.folded")).to_have_count(1)
    bob.page.get_by_role("button", name="Show all").click()
    expect(bob.page.locator(".words.folded")).to_have_count(0)
    alice.page.fill("#text", "长" * 50_000)
    alice.page.press("#text", "Enter")
    expect(alice.page.locator("#composer-error")).to_contain_text("too long")


PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    '"><svg onload=alert(3)>',
    "javascript:alert(4)//https://",
    "<iframe srcdoc='<script>parent.alert(5)</script>'></iframe>",
    "{{constructor.constructor('alert(6)')()}}",
    "<style>@import 'https://example.org/x.css'</style>",
    "</textarea></title><script>alert(7)</script>",
]


def test_scripts_in_texts_and_names_are_text(visit: Visit) -> None:
    alice, bob = visit("alice").arrive(), visit("bob").arrive()
    for payload in PAYLOADS[:3]:
        alice.make_group(payload, bob.name)
        bob.open(payload)
        for text in PAYLOADS:
            alice.say(text)
        bob.sees(*PAYLOADS)
        expect(bob.page.locator("#thread-name")).to_have_text(payload)
        expect(bob.page.locator("#log .line-notice p").first).to_contain_text(payload)
    assert bob.page.locator("#app :is(script, img, iframe, style)").count() == 0


def test_addresses_become_links_that_know_nothing_of_this_page(visit: Visit) -> None:
    alice, bob = visit("alice").arrive(), visit("bob").arrive()
    alice.chat_with(bob.name)
    alice.say("看https://example.org/a?b=1&c=（好）。 http://[bad javascript:alert(1) ftp://x")
    link = alice.page.locator("#log .words a")
    expect(link).to_have_count(1)
    assert link.get_attribute("href") == "https://example.org/a?b=1&c="
    assert link.get_attribute("rel") == "noopener noreferrer"


def test_the_policy_stops_what_the_scripts_would_not(visit: Visit, complaints: Complaints) -> None:
    alice = visit("alice").arrive()
    tried = alice.in_page("""
        const reported = [];
        document.addEventListener("securitypolicyviolation", (event) => reported.push(event.effectiveDirective));
        const failed = [];
        try { document.body.innerHTML = "<b>x</b>" } catch (error) { failed.push(error.name) }
        const script = document.createElement("script");
        try { script.textContent = "globalThis.ran = true" } catch (error) { failed.push(error.name) }
        const button = document.createElement("button");
        button.setAttribute("style", "color: red");
        document.body.append(button);
        // Reports come in order, so with this one all have come.
        await new Promise((resolve) => {
            document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) =>
                effectiveDirective === "img-src" && resolve());
            document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/x.png" }));
        });
        return { failed, reported, ran: globalThis.ran === true, styled: button.style.color };
    """)
    assert tried["failed"] == ["TypeError", "TypeError"]
    assert tried["ran"] is False
    assert "style-src-attr" in tried["reported"]
    assert all(
        "Content Security Policy" in text or "TrustedHTML" in text or "TrustedScript" in text for text in complaints
    )
    complaints.clear()


def test_a_group_grows_shrinks_and_tells_who_read(visit: Visit) -> None:
    alice, bob, carol = (visit(name).arrive() for name in ("alice", "bob", "carol"))
    alice.make_group("读书会", bob.name)
    alice.say("welcome")
    bob.open("读书会")
    bob.sees("welcome")
    expect(alice.page.locator(".mark.read")).to_have_text("Read by 1")

    alice.page.click("#show-members")
    expect(alice.page.locator("#members li")).to_have_count(2)
    alice.page.fill("#more-members", carol.name)
    alice.page.press("#more-members", "Enter")
    expect(alice.page.locator("#members-title")).to_have_text("3 members")
    # What was said before is not carol's to see.
    carol.open("读书会")
    carol.sees()
    expect(carol.page.locator("#log .line-notice p")).to_have_text(f"{alice.name} added You")
    carol.say("hello all")
    bob.sees("welcome", "hello all")

    alice.page.get_by_role("button", name=f"Remove {carol.name}").click()
    expect(carol.page.locator("#closed")).to_have_text("You are no longer in this group.")
    expect(carol.page.locator("#composer")).to_be_hidden()
    alice.page.keyboard.press("Escape")
    alice.say("without carol")
    bob.sees("welcome", "hello all", "without carol")
    carol.sees("hello all")

    alice.page.click("#show-members")
    alice.page.click("#leave-group")
    alice.page.click("#leave-group")
    expect(alice.page.locator("#members-form .error")).to_contain_text("last owner")
    bob.page.click("#show-members")
    for _ in ("sure?", "sure."):
        bob.page.click("#leave-group")
    expect(bob.page.locator("#closed")).to_be_visible()


def test_a_recalled_message_is_gone_everywhere(visit: Visit) -> None:
    alice, bob = visit("alice").arrive(), visit("bob", locale="zh-CN").arrive()
    alice.chat_with(bob.name)
    alice.say("slip of the tongue")
    bob.open(alice.name)
    bob.sees("slip of the tongue")
    alice.page.get_by_role("button", name="Recall this message").click()
    alice.sees()
    bob.sees()
    expect(alice.page.locator("#log .line-notice p")).to_have_text("You recalled a message")
    expect(bob.page.locator("#log .line-notice p")).to_have_text(f"{alice.name}撤回了一条消息")
    expect(bob.page.locator("#conversations .preview")).to_have_text(f"{alice.name}撤回了一条消息")
    assert "slip of the tongue" not in bob.page.content()


def test_a_refused_message_says_why_and_can_be_sent_again(visit: Visit) -> None:
    alice, late = visit("alice").arrive(), visit("late")
    alice.chat_with(late.name)
    alice.say("are you there?")
    expect(alice.page.locator(".failure")).to_contain_text("Not sent: There is no such user.")
    late.arrive()
    alice.page.get_by_role("button", name="Try again").click()
    late.open(alice.name)
    late.sees("are you there?")
    expect(alice.page.locator(".failure")).to_have_count(0)
