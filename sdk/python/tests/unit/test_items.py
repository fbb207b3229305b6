"""A device's items end equal to the server's, however news of them come."""

from hypothesis import given
from hypothesis import strategies as st

from hongyan.model.personal import Draft, Item, Topic
from hongyan.protocol.codec_personal import encode_value
from hongyan.protocol.frames import ItemPage, ItemsChanged
from hongyan_client.items import Items

KEYS = ("s:alice:bob", "g:club", "g:team")


def draft(version: int, key: str = KEYS[0]) -> Item:
    return Item(Topic.DRAFT, key, encode_value(Draft(f"text {version}")), version=version)


def gone(version: int, key: str = KEYS[0]) -> Item:
    return Item(Topic.DRAFT, key, deleted=True, version=version)


def changed(*items: Item) -> ItemsChanged:
    return ItemsChanged(items, items[0].version - 1, items[-1].version)


def test_a_change_that_follows_is_taken_in() -> None:
    items = Items()
    assert items.take_changed(changed(draft(1))).items == (draft(1),)
    assert (items.value("draft", KEYS[0]), items.version, items.behind) == (Draft("text 1"), 1, False)


def test_a_change_after_a_gap_is_shown_and_what_lies_between_is_asked_for() -> None:
    items = Items()
    items.take_changed(changed(draft(3, KEYS[1])))
    assert (items.value("draft", KEYS[1]), items.version, items.behind) == (Draft("text 3"), 0, True)
    items.take_page(ItemPage((draft(2), draft(3, KEYS[1])), 3))
    assert (items.version, items.behind) == (3, False)
    assert dict(items.of_topic("draft")) == {KEYS[0]: Draft("text 2"), KEYS[1]: Draft("text 3")}


def test_an_older_page_does_not_bring_back_what_was_deleted_since() -> None:
    items = Items()
    items.take_changed(changed(gone(2)))
    items.take_page(ItemPage((draft(1),), 1))
    assert items.value("draft", KEYS[0]) is None


def test_a_change_that_a_page_was_too_early_for_is_still_missing() -> None:
    items = Items()
    items.take_changed(changed(draft(9)))
    items.take_page(ItemPage((draft(7, KEYS[1]),), 7))
    assert items.behind


def test_a_history_that_begins_anew_is_all_there_is() -> None:
    items = Items([draft(4), draft(5, KEYS[1])], 5)
    taken = items.take_page(ItemPage((draft(2, KEYS[2]),), 2, reset=True))
    assert (taken.reset, items.version, items.behind) == (True, 2, False)
    assert dict(items.of_topic("draft")) == {KEYS[2]: Draft("text 2")}


def test_a_topic_of_a_newer_server_is_passed_over() -> None:
    items = Items()
    assert items.take_changed(changed(Item("", "x", version=1))).items == ()
    assert items.version == 1


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.booleans()), min_size=1, max_size=12), st.data())
def test_whatever_is_lost_or_doubled_a_page_makes_it_good(puts: list[tuple[str, bool]], data: st.DataObject) -> None:
    history = [gone(n, key) if off else draft(n, key) for n, (key, off) in enumerate(puts, 1)]
    items = Items()
    for place in data.draw(st.lists(st.integers(0, len(history) - 1), max_size=20)):
        items.take_changed(changed(history[place]))
    items.hear(len(history))
    while items.behind:
        latest = {item.key: item for item in history}
        above = sorted(
            (item for item in latest.values() if item.version > items.version), key=lambda item: item.version
        )
        items.take_page(ItemPage(tuple(above), len(history)))
    fresh = Items()
    for item in history:
        fresh.take_changed(changed(item))
    assert dict(items.of_topic("draft")) == dict(fresh.of_topic("draft"))
