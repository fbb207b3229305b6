"""What happens to a message after it was said, as the page shows it."""

from typing import Any

from playwright.sync_api import expect

from tests.system.web_page.browsing import PASSWORD, Person, Visit

ASK = """
const headers = {"content-type": "application/json"};
const session = {user_id: arg.name, password: arg.password, device_id: "other"};
const made = await fetch("/api/v1/sessions", {method: "POST", headers, body: JSON.stringify(session)});
headers.authorization = `Bearer ${(await made.json()).access_token}`;
const statuses = [made.status];
for (const [number, [method, path, body]] of arg.asked.entries()) {
    headers["idempotency-key"] = `${arg.name}-${Date.now()}-${number}`;
    const options = {method, headers, body: body && JSON.stringify(body)};
    statuses.push((await fetch(`/api/v1/conversations/${arg.id}${path}`, options)).status);
}
return statuses;
"""

FOLD = """
const { Copy } = await import("/js/copy.js");
const { readEntry } = await import("/js/wire.js");
const entry = (seq, senderId, body) =>
    readEntry({conversation_id: "s:alice:bob", seq: String(seq), sender_id: senderId, ...body});
const react = (seq, who, emoji, on) => entry(seq, who, {reaction: {seq: "1", emoji, on}});
const all = [
    entry(1, "alice", {message: {text: {text: "old"}}}), entry(2, "alice", {edit: {seq: "1", content: {text: {text: "new"}}}}),
    react(3, "bob", "a", true), react(4, "alice", "b", true), react(5, "bob", "a", false),
];
const amendment = {edit_seq: "2", reactions: [{emoji: "b", user_ids: ["alice"]}], amended_seq: "5"};
const fresh = entry(1, "alice", {message: {text: {text: "new"}}, amendment});
const shown = (entries) => {
    const copy = new Copy("s:alice:bob", 1);
    for (const each of entries) { copy.see(each, "bob"); copy.merge(); }
    return copy.entries.get(1).body;
};
return [shown(all), shown([fresh, ...all.slice(1)]), shown([all[0], all[4], all[2], all[3], all[1]])];
"""


def ask(person: Person, conversation_id: str, *asked: tuple[str, str, Any]) -> list[int]:
    """Asks over HTTP, as another device of the person."""
    return list(person.in_page(ASK, {"name": person.name, "password": PASSWORD, "id": conversation_id, "asked": asked}))


def test_edits_reactions_and_deletions_show_where_the_message_stands(visit: Visit) -> None:
    alice, bob = visit("alice").arrive(), visit("bob").arrive()
    alice.chat_with(bob.name)
    for text in ("one", "two", "three"):
        alice.say(text)
    expect(alice.page.locator(".mark.delivered")).to_have_count(3)
    bob.open(alice.name)
    bob.sees("one", "two", "three")
    low, high = sorted([alice.name, bob.name])
    conversation_id = f"s:{low}:{high}"
    edit = {"text": {"text": "uno"}}
    asked = [
        ("PUT", "/entries/1", edit),
        ("DELETE", "/entries/2", None),
        ("PUT", "/entries/3/reactions/%F0%9F%91%8D", None),
    ]
    assert ask(alice, conversation_id, *asked) == [201, 200, 200, 200]
    for person in (alice, bob):
        person.sees("uno", "three")
        expect(person.page.locator(".edited")).to_have_count(1)
        expect(person.page.locator(".reactions button")).to_have_text(["👍 1"])
        expect(person.page.locator(".line-notice p")).to_have_count(1)
    expect(bob.page.locator(".line-notice p")).to_have_text(f"{alice.name} deleted a message")
    button = bob.page.locator(".reactions button")
    button.click()
    for person in (alice, bob):
        expect(person.page.locator(".reactions button")).to_have_text(["👍 2"])
    expect(button).to_have_attribute("aria-pressed", "true")
    bob.page.reload()
    bob.wait_online()
    bob.open(alice.name)
    bob.sees("uno", "three")
    expect(button).to_have_text(["👍 2"])


def test_a_copy_that_heard_the_news_equals_a_fresh_one_in_whatever_order_they_came(visit: Visit) -> None:
    shown = visit("alice").arrive().in_page(FOLD)
    assert shown[0] == shown[1] == shown[2]
    assert shown[0]["content"] == {"text": {"text": "new"}}
    assert shown[0]["amendment"]["reactions"] == [{"emoji": "b", "userIds": ["alice"]}]
