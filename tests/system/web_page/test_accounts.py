"""Who is at the page: logging in and out, reloads, duplicated tabs."""

from playwright.sync_api import expect

from tests.system.web_page.browsing import Visit


def test_log_in_says_what_is_wrong(visit: Visit) -> None:
    alice = visit("alice").arrive()
    for locale, taken, wrong in (
        ("en-US", "The user name is taken.", "User name or password is wrong."),
        ("zh-CN", "用户名已被占用。", "用户名或密码错误。"),
    ):
        page = visit("other", locale=locale).page
        page.goto(alice.url)
        page.fill("#user-id", alice.name)
        page.fill("#password", "not the password")
        page.click("#entrance-submit")
        expect(page.locator("#entrance-error")).to_have_text(wrong)
        page.click("#entrance-switch")
        expect(page.locator("#entrance-error")).to_have_text("")
        page.click("#entrance-submit")
        expect(page.locator("#entrance-error")).to_have_text(taken)


def test_a_tab_keeps_its_log_in_over_a_reload_and_forgets_it_on_log_out(visit: Visit) -> None:
    alice, bob = visit("alice").arrive(), visit("bob").arrive()
    bob.chat_with(alice.name)
    bob.say("unread")
    expect(alice.page.locator("#conversations .badge")).to_have_text("1")
    alice.page.reload()
    alice.wait_online()
    expect(alice.page.locator("#conversations .badge")).to_have_text("1")
    kept = "return [Object.keys(sessionStorage), Object.keys(localStorage), document.cookie]"
    assert alice.in_page(kept) == [["hongyan.tokens"], [f"hongyan.devices.{alice.name}"], ""]
    device = alice.in_page("return JSON.parse(sessionStorage.getItem('hongyan.tokens')).deviceId")
    assert alice.in_page("return localStorage.getItem(Object.keys(localStorage)[0])") == f'["{device}"]'

    alice.page.get_by_role("button", name="Log out").click()
    expect(alice.page.locator("#entrance")).to_be_visible()
    assert alice.in_page("return Object.keys(sessionStorage)") == []
    assert alice.name not in alice.page.content()
    # The browser comes back as the device that it was: a user may have ten, not one a log-in.
    alice.arrive(new=False)
    assert alice.in_page("return JSON.parse(sessionStorage.getItem('hongyan.tokens')).deviceId") == device


def test_a_duplicated_tab_does_not_use_up_the_tokens_of_the_first(visit: Visit) -> None:
    alice = visit("alice").arrive()
    tokens = alice.in_page("return sessionStorage.getItem('hongyan.tokens')")
    duplicate = alice.context.new_page()
    duplicate.goto(f"{alice.url}favicon.svg")
    duplicate.evaluate("(tokens) => sessionStorage.setItem('hongyan.tokens', tokens)", tokens)
    duplicate.goto(alice.url)
    expect(duplicate.locator("#entrance")).to_be_visible()
    assert duplicate.evaluate("sessionStorage.length") == 0
    alice.page.reload()
    alice.wait_online()


def test_a_device_that_is_logged_out_elsewhere_is_told(visit: Visit) -> None:
    alice = visit("alice").arrive()
    alice.in_page("""
        const { access } = JSON.parse(sessionStorage.getItem("hongyan.tokens"));
        void fetch("/api/v1/sessions/current", { method: "DELETE", headers: { Authorization: `Bearer ${access}` } });
    """)
    expect(alice.page.locator("#entrance-error")).to_have_text("This device was logged out.")
    assert alice.in_page("return Object.keys(sessionStorage)") == []
