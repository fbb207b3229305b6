"""A user's list and history are the same whether the store has what was pushed or not, and pages give what the whole gives."""

import random

import pytest

from hongyan.adapters.state.memory import MemoryHot
from hongyan.model.ids import ConversationId
from hongyan.services.personal.listing import ListedConversation, ListFilters
from tests.unit.services.personal.lists import ALICE, BOB, BOOKS, CAROL, FILMS, SINGLE, Lists

PLACES = (SINGLE, BOOKS, FILMS)
Shown = tuple[list[ListedConversation], list[ListedConversation], list[tuple[list[int], bool]]]


async def act(lists: Lists, chance: random.Random) -> None:
    """Somebody says or reads something, or alice changes how she sees a conversation."""
    to = chance.choice(PLACES)
    head = (await lists.one(to)).seq
    kind = chance.randrange(9)
    if kind < 4:
        sender = chance.choice((ALICE, BOB))
        await lists.say(to, f"text {lists.number}", *chance.choice([(), ("alice",), ("carol",)]), sender=sender)
    elif kind == 4:
        await lists.read(to, chance.randint(1, head))
    elif kind == 5:
        await lists.hide(to, chance.randint(1, head))
    elif kind == 6:
        await lists.set(to, cleared_seq=chance.randint(0, head))
    elif kind == 7:
        countable = (await lists.one(to)).countable
        await lists.set(to, hidden=chance.random() < 0.5, hidden_countable=countable)
    else:
        await lists.set(to, pin_order=chance.randrange(3), muted=chance.random() < 0.5)


async def shown(lists: Lists) -> Shown:
    """All that alice sees: her list, what is hidden, and the history of each conversation, either way, in small pages."""
    histories = []
    for to in PLACES:
        histories += [await paged(lists, to, backward=False), await paged(lists, to, backward=True)]
        assert histories[-1][0] == histories[-2][0]
    return await lists.listed(), await lists.listed(ListFilters(hidden=True)), histories


async def paged(lists: Lists, to: ConversationId, *, backward: bool) -> tuple[list[int], bool]:
    """A whole history, from pages of three."""
    found: list[int] = []
    seq, more = 0, True
    while more:
        seqs, more = await lists.history(to, seq=seq, backward=backward, limit=3)
        assert seqs or not more
        found = seqs + found if backward else found + seqs
        seq = (found[0] if backward else found[-1]) if found else seq
    return found, more


@pytest.mark.parametrize("seed", range(12))
async def test_what_a_user_sees_does_not_depend_on_where_it_is_kept(seed: int) -> None:
    chance = random.Random(seed)
    async with Lists("kept").running() as lists:
        await lists.say(SINGLE, "hi")
        for group in (BOOKS, FILMS):
            await lists.found(group, ALICE, CAROL)
        for _ in range(30):
            await act_listed(lists, chance)
        lists.state = "pushed"
        lists.store.gate.clear()
        for _ in range(30):
            await act_listed(lists, chance)
        pushed = await shown(lists)
        lists.store.gate.set()
        await lists.partition.stored()
        assert await shown(lists) == pushed
        lists.partition.hot = MemoryHot(1 << 20)
        assert await shown(lists) == pushed
        assert await by_pages(lists) == pushed[0]


async def act_listed(lists: Lists, chance: random.Random) -> None:
    """As `act`; a hidden conversation is unhidden first, so that it is in the list."""
    for line in await lists.listed(ListFilters(hidden=True)):
        if chance.random() < 0.5:
            await lists.set(line.conversation_id, hidden=False)
    if len(await lists.listed()) == len(PLACES):
        await act(lists, chance)
    else:
        await lists.say(chance.choice(PLACES), "hello")


async def by_pages(lists: Lists) -> list[ListedConversation]:
    """Alice's list, one line a page."""
    found: list[ListedConversation] = []
    cursor = ""
    while True:
        page = await lists.listing.conversation_list(ALICE, cursor, None, 1)
        found += page.conversations
        cursor = page.cursor
        if not cursor:
            return found
