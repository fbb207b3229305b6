"""The page on lines that break, lose and come back; what it holds in the end is what everybody holds."""

from playwright.sync_api import expect

from tests.system.web_page.browsing import Line, Person, Server, Visit


def test_both_sides_survive_a_server_that_goes_away(visit: Visit, server: Server) -> None:
    alice, bob = visit("alice").arrive(), visit("bob", locale="zh-CN").arrive()
    alice.chat_with(bob.name)
    alice.say("before")
    bob.open(alice.name)
    bob.sees("before")
    for kill in (False, True):
        server.stop(kill=kill)
        expect(alice.page.locator("#status")).to_contain_text("Connection lost")
        expect(bob.page.locator("#status")).to_contain_text("连接已断开")
        alice.say(f"from alice, {kill}")
        bob.say(f"from bob, {kill}")
        expect(alice.page.locator(".mark.clock")).to_have_count(1)
        server.start()
        for person in (alice, bob):
            person.wait_online()
            expect(person.page.locator("#status")).to_be_hidden()
            expect(person.page.locator(".mark.clock")).to_have_count(0)
    expect(alice.page.locator("#log .words")).to_have_count(5)
    expect(bob.page.locator("#log .words")).to_have_count(5)
    assert alice.texts() == bob.texts()
    assert sorted(alice.texts()) == sorted(
        ["before", "from alice, False", "from alice, True", "from bob, False", "from bob, True"]
    )


def test_a_message_whose_receipt_was_lost_is_sent_again_and_stands_once(visit: Visit) -> None:
    alice, bob = visit("alice"), visit("bob").arrive()
    line = Line(alice)
    alice.arrive().chat_with(bob.name)
    line.lets_down = lambda frame: "receipt" not in frame
    alice.say("only once")
    bob.open(alice.name)
    bob.sees("only once")
    expect(alice.page.locator(".mark.clock")).to_have_count(1)
    line.lets_down = lambda _frame: True
    line.cut()
    expect(alice.page.locator(".mark.read")).to_have_count(1)
    alice.say("and this")
    bob.sees("only once", "and this")
    alice.sees("only once", "and this")
    submits = [frame["submit"] for frame in line.sent if "submit" in frame]
    assert submits[0]["client_msg_id"] not in {submit["client_msg_id"] for submit in submits[2:]}
    assert {submit["resend"] for submit in submits[1:-1]} <= {True}


def test_pushes_that_were_lost_leave_a_gap_that_is_pulled(visit: Visit) -> None:
    alice, bob = visit("alice"), visit("bob").arrive()
    line = Line(alice)
    alice.arrive()
    bob.chat_with(alice.name)
    bob.say("one")
    alice.open(bob.name)
    alice.sees("one")
    line.lets_down = lambda frame: "push" not in frame
    bob.say("two")
    bob.say("three")
    expect(bob.page.locator(".mark.sent")).to_have_count(2)
    line.lets_down = lambda _frame: True
    bob.say("four")
    alice.sees("one", "two", "three", "four")
    assert [frame["get_entries"]["seq"] for frame in line.sent if "get_entries" in frame][-1] == "1"
    assert line.connections == 1


def test_what_came_while_the_line_was_down_is_there_and_counted(visit: Visit) -> None:
    alice, bob = visit("alice"), visit("bob").arrive()
    line = Line(alice)
    alice.arrive()
    bob.chat_with(alice.name)
    bob.say("one")
    expect(alice.page.locator("#conversations .badge")).to_have_text("1")
    line.lets_down = lambda _frame: False
    bob.say("two")
    bob.say("three")
    expect(bob.page.locator(".mark.clock")).to_have_count(0)
    line.lets_down = lambda _frame: True
    line.cut()
    expect(alice.page.locator("#conversations .badge")).to_have_text("3")
    alice.open(bob.name)
    alice.sees("one", "two", "three")


def test_history_comes_by_scrolling_up_and_the_reader_keeps_the_place(visit: Visit) -> None:
    alice, bob = visit("alice").arrive(), visit("bob").arrive()
    alice.chat_with(bob.name)
    flood(alice, bob, 260)
    bob.open(alice.name)
    expect(bob.page.locator("#log .words").last).to_have_text("message 260")
    assert "message 1" not in bob.texts()
    assert (
        bob.in_page(
            "const box = document.querySelector('#scroll'); return box.scrollHeight - box.scrollTop - box.clientHeight"
        )
        < 2
    )
    for _ in range(60):
        moved = bob.in_page("""
            const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
            const box = document.querySelector("#scroll");
            box.scrollTop = Math.max(1, box.scrollTop - 300);
            await frame();
            const line = [...document.querySelectorAll("#log > li")].find((li) => li.getBoundingClientRect().bottom > 60);
            const [key, before] = [line.dataset.key, line.getBoundingClientRect().top];
            const older = document.querySelector("#older");
            do { await frame() } while (older.textContent.startsWith("Loading"));
            await frame();
            return document.querySelector(`#log [data-key="${key}"]`).getBoundingClientRect().top - before;
        """)
        assert abs(moved) < 3
        if bob.texts()[0] == "message 1":
            break
    bob.sees(*(f"message {number}" for number in range(1, 261)))
    expect(bob.page.locator("#older")).to_have_text("This is where the conversation begins.")
    alice.say("new")
    bob.page.get_by_role("button", name="1 new message").click()
    expect(bob.page.locator("#log .words").last).to_be_in_viewport()


def flood(sender: Person, receiver: Person, count: int) -> None:
    """Many messages at once, by the page's own modules."""
    low, high = sorted((sender.name, receiver.name))
    sender.in_page(
        """
        const [{ Session }, { Client }, { socketAddress }, api] = await Promise.all(
            ["session", "client", "api", "api"].map((name) => import(`/js/${name}.js`)));
        const tokens = await api.logIn(arg.name, arg.password, "flooder");
        const kept = sessionStorage.getItem("hongyan.tokens");
        const session = new Session(tokens);
        sessionStorage.setItem("hongyan.tokens", kept);
        await new Promise((resolve) => {
            const client = new Client(session, socketAddress, {
                onState() {}, onArrived() {}, onChange() { if (!client.outbox.waiting) resolve(client.end("ended_here")); },
            });
            client.connection.open();
            const saying = (n) => ({ message: { text: { text: `message ${n}` } } });
            for (let n = 1; n <= arg.count; n++) client.outbox.put(arg.id, `flood-${n}`, saying(n), 0);
        });
        """,
        {"name": sender.name, "password": "correct horse 正确的马", "id": f"s:{low}:{high}", "count": count},
    )


RANDOM_DELIVERIES = """
    const { Replica } = await import("/js/replica.js");
    let state = arg;
    const random = (below) => (state = (state * 1103515245 + 12345) % 2147483648) % below;
    const shown = (copy) => JSON.stringify([copy.low, copy.high, copy.head, copy.countable, copy.unread, copy.readSeq,
        copy.preview, [...copy.entries.values()].sort((one, other) => one.seq - other.seq)]);
    const id = "s:alice:bob";
    // The conversation as the server has it.
    const log = [];
    let countable = 0;
    const taken = new Map();
    for (let seq = 1; seq <= 60; seq++) {
        const target = 1 + random(seq);
        const recall = random(6) === 0 && log[target - 1]?.body.kind === "message" && !taken.has(target);
        if (!recall) countable++;
        else taken.set(target, log[target - 1].senderId);
        const senderId = recall ? log[target - 1].senderId : random(4) ? "bob" : "alice";
        const body = recall ? { kind: "recall", seq: target } : { kind: "message", content: { text: { text: `${seq}` } } };
        const stamps = { messageId: `${seq}`, clientMsgId: `c${seq}`, timeMs: seq };
        log.push({ conversationId: id, seq, senderId, countable, body, ...stamps });
    }
    const gone = (entry) => ({ ...entry, body: { kind: "recalled", byUserId: taken.get(entry.seq) } });
    const now = (entry) => taken.has(entry.seq) ? gone(entry) : entry;
    const page = (after) => ({ entries: log.slice(after, after + 7).map(now), more: after + 7 < log.length, restartSeq: 0 });
    // One that was there from the beginning, and one that heard half of it, late, twice and out of order.
    const whole = new Replica("alice");
    whole.takeEntries(log);
    whole.settle();
    const broken = new Replica("alice");
    for (let n = 0; n < 120; n++) {
        const from = random(60);
        broken.takeEntries(log.slice(from, from + random(4)));
        if (random(2)) broken.settle();
        if (random(10) === 0) for (const pull of broken.holes()) broken.takePage(pull, page(pull.after));
    }
    broken.takeEntries([log[59]]);
    broken.settle();
    for (let pulls = 0; broken.holes().length && pulls < 60; pulls++) {
        for (const pull of broken.holes()) broken.takePage(pull, page(pull.after));
        broken.settle();
    }
    const copy = broken.copies.get(id);
    while (!copy.isWhole) {
        const from = Math.max(0, copy.low - 1 - 7);
        broken.takeHistory(id, { entries: log.slice(from, copy.low - 1).map(now), more: from > 0, restartSeq: 0 });
    }
    return [shown(copy), shown(whole.copies.get(id))];
"""


def test_whatever_was_lost_doubled_or_late_a_copy_ends_equal_to_one_that_missed_nothing(visit: Visit) -> None:
    alice = visit("alice").arrive()
    for seed in range(1, 201):
        broken, whole = alice.in_page(RANDOM_DELIVERIES, seed)
        assert broken == whole, seed
