"""Reports are kept with what the reporter saw, and decided once."""

from collections.abc import Sequence

import pytest

from hongyan.adapters.store.admin_memory import MemoryAdminStore
from hongyan.model.codes import EntryUnknown, InvalidField, RateLimited, ReportUnknown, UserUnknown
from hongyan.model.ids import ConversationId, UserId
from hongyan.services.admin.reports import Reports, Said

ALICE, BOB = UserId("alice"), UserId("bob")
AB = ConversationId("s:alice:bob")


async def seen(user_id: UserId, _conversation_id: ConversationId, seq: int) -> bytes:
    """Alice sees entry 4, and nobody anything else."""
    if (user_id, seq) != (ALICE, 4):
        raise EntryUnknown(seq=seq)
    return b"the entry"


async def missing(user_ids: Sequence[UserId]) -> Sequence[UserId]:
    """Bob is there."""
    return [user_id for user_id in user_ids if user_id != BOB]


def reports() -> Reports:
    return Reports(MemoryAdminStore(), seen, missing, lambda: 1_000)


async def test_a_report_of_an_entry_keeps_what_the_reporter_saw() -> None:
    made = await reports().report(ALICE, Said("abuse", "rude 粗鲁", BOB, AB, 4))
    assert (made.evidence, made.reporter_id, made.note, made.created_ms) == (b"the entry", ALICE, "rude 粗鲁", 1_000)


async def test_what_the_reporter_cannot_see_he_cannot_report() -> None:
    with pytest.raises(EntryUnknown):
        await reports().report(ALICE, Said("abuse", conversation_id=AB, seq=5))
    with pytest.raises(UserUnknown):
        await reports().report(ALICE, Said("abuse", user_id=UserId("nobody")))


@pytest.mark.parametrize(
    "said",
    [
        Said("boring", user_id=BOB),
        Said("spam"),
        Said("spam", "x" * 1_001, BOB),
        Said("spam", conversation_id=AB),
        Said("spam", user_id=BOB, seq=4),
    ],
)
async def test_a_report_says_why_and_of_what(said: Said) -> None:
    with pytest.raises(InvalidField):
        await reports().report(ALICE, said)


async def test_nobody_reports_without_end() -> None:
    service = reports()
    for _ in range(30):
        await service.report(ALICE, Said("spam", user_id=BOB))
    with pytest.raises(RateLimited):
        await service.report(ALICE, Said("spam", user_id=BOB))
    assert len(await service.list(0, 100, is_open=True)) == 1, "said thirty times, it is one"


async def test_a_report_is_decided_once() -> None:
    service = reports()
    made = await service.report(ALICE, Said("spam", user_id=BOB))
    decided = await service.resolve(made.report_id, "warned")
    assert (decided.resolution, decided.resolved_ms) == ("warned", 1_000)
    for report_id in (made.report_id, 99):
        with pytest.raises(ReportUnknown):
            await service.resolve(report_id, "banned")
    with pytest.raises(InvalidField):
        await service.resolve(made.report_id, " ")
