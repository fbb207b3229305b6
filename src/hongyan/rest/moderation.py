"""Reports, which users make, and what moderators do with a server key: decide them, and filter words."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from hongyan.model.ids import ConversationId, UserId, parse_conversation_id, parse_user_id
from hongyan.ports.admin import KeyRow, ReportRow, WordRow
from hongyan.ports.link import Identity
from hongyan.protocol.codec_hooks import entry_json
from hongyan.rest.accounts import PROBLEMS, Asked, Milliseconds, authentication
from hongyan.rest.server_key import (
    ConversationText,
    Cursor,
    Limit,
    NextCursor,
    NumberPath,
    OptionalName,
    cursor_after,
    number_in,
    with_scope,
)
from hongyan.rest.services import Services
from hongyan.services.admin.reports import Said

Reason = Literal["spam", "abuse", "fraud", "illegal", "sexual", "violence", "other"]


class AskedReport(Asked):
    """What is wrong: with a user, or with the entry `seq` of a conversation."""

    reason: Reason
    note: Annotated[str, Field(max_length=1_000)] = ""
    user_id: OptionalName = ""
    conversation_id: ConversationText | Literal[""] = ""
    seq: Annotated[int, Field(ge=0, le=2**53 - 1)] = 0


class ReportedAnswer(BaseModel):
    """The report was kept; said again it is the same one."""

    report_id: int
    created_ms: Milliseconds


class ReportAnswer(BaseModel):
    """A report. `entry` is what the reporter saw."""

    report_id: int
    reporter_id: str
    user_id: str
    conversation_id: str
    seq: int
    reason: str
    note: str
    entry: dict[str, Any] | None
    created_ms: Milliseconds
    resolved_ms: Milliseconds
    resolution: str


class ReportsAnswer(BaseModel):
    """A page of reports, ascending."""

    reports: list[ReportAnswer]
    cursor: NextCursor


class AskedResolution(Asked):
    """What was decided."""

    resolution: Annotated[str, Field(max_length=1_000, pattern=r"\S", examples=["warned"])]


class WordForm(Asked):
    """A word that messages may not hold: `mask` makes stars of it, `refuse` refuses the message."""

    word: Annotated[str, Field(min_length=1, max_length=128)]
    action: Literal["mask", "refuse"] = "mask"


class WordsForm(Asked):
    """All words but those of the operator's file."""

    words: Annotated[list[WordForm], Field(max_length=100_000)]


def moderation_router(services: Services) -> APIRouter:
    """Reports and the filter of words."""
    router = APIRouter(prefix="/api/v1", responses=PROBLEMS)
    _add_reports(router, services)
    _add_words(router, services)
    return router


def _add_reports(router: APIRouter, services: Services) -> None:
    reports = services.integrators.reports
    key_of = with_scope(services.integrators.keys, "reports")
    caller = Depends(authentication(services.users))

    @router.post("/reports", status_code=201, tags=["reports"], summary="Report a user or an entry")
    async def make_report(asked: AskedReport, identity: Identity = caller) -> ReportedAnswer:
        user_id = parse_user_id(asked.user_id) if asked.user_id else UserId("")
        conversation_id = parse_conversation_id(asked.conversation_id) if asked.conversation_id else ConversationId("")
        said = Said(asked.reason, asked.note, user_id, conversation_id, asked.seq)
        row = await reports.report(identity.user_id, said)
        return ReportedAnswer(report_id=row.report_id, created_ms=row.created_ms)

    @router.get("/server/reports", tags=["reports"], summary="What was reported?")
    async def list_reports(
        state: Annotated[Literal["open", "resolved"], Query(description="Which of them.")] = "open",
        cursor: Cursor = "",
        limit: Limit = 100,
        _key: KeyRow = key_of,
    ) -> ReportsAnswer:
        rows = await reports.list(number_in(cursor), limit, is_open=state == "open")
        ids = [row.report_id for row in rows]
        return ReportsAnswer(reports=[_report(row) for row in rows], cursor=cursor_after(ids, limit))

    @router.post("/server/reports/{report_id}/resolution", tags=["reports"], summary="Decide a report")
    async def resolve_report(report_id: NumberPath, asked: AskedResolution, _key: KeyRow = key_of) -> ReportAnswer:
        return _report(await reports.resolve(report_id, asked.resolution))


def _add_words(router: APIRouter, services: Services) -> None:
    words = services.integrators.words
    key_of = with_scope(services.integrators.keys, "filter")

    @router.get("/server/words", tags=["filter"], summary="Which words may messages not hold?")
    async def get_words(_key: KeyRow = key_of) -> WordsForm:
        return _words(words.list())

    @router.put("/server/words", tags=["filter"], summary="Replace the words; in force at once")
    async def set_words(asked: WordsForm, _key: KeyRow = key_of) -> WordsForm:
        await words.set([WordRow(form.word, form.action) for form in asked.words])
        return _words(words.list())


def _words(rows: Any) -> WordsForm:
    return WordsForm(words=[WordForm(word=row.word, action=row.action) for row in rows])


def _report(row: ReportRow) -> ReportAnswer:
    return ReportAnswer(
        report_id=row.report_id,
        reporter_id=row.reporter_id,
        user_id=row.user_id,
        conversation_id=row.conversation_id,
        seq=row.seq,
        reason=row.reason,
        note=row.note,
        entry=entry_json(row.evidence) if row.evidence else None,
        created_ms=row.created_ms,
        resolved_ms=row.resolved_ms,
        resolution=row.resolution,
    )
