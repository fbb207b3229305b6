"""The one map of errors: whatever goes wrong becomes a problem (RFC 9457) with a code of proto/codes.toml."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from hongyan.model.codes import (
    ErrorCode,
    Internal,
    InvalidField,
    MethodNotAllowed,
    NotAuthenticated,
    PacketTooLarge,
    PathUnknown,
)
from hongyan.model.errors import HongyanError

BODY_BYTES = 262_144
MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    field: Annotated[str, Field(description="The field's path in the body, such as `user_id`.")]
    reason: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it, with the code that the same error has on a connection."""

    type: Annotated[str, Field(description="`urn:hongyan:error:` and the code's name.")]
    title: Annotated[str, Field(description="The name of the HTTP status.")]
    status: int
    detail: Annotated[str, Field(description="A sentence for people.")]
    code: Annotated[int, Field(description="The number of the error; see the table of codes.")]
    name: Annotated[str, Field(description="The name of the error.")]
    permanent: Annotated[bool, Field(description="Whether the same request will never succeed.")]
    retry_after_ms: Annotated[int, Field(description="When to try again; 0: not said.")] = 0
    request_id: Annotated[str, Field(description="As in the header X-Request-ID; the server's log has it too.")] = ""
    errors: Annotated[list[FieldProblem], Field(description="With `invalid_field`: every field that is wrong.")] = []


_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "A problem; `code` and `name` say which.", "content": _PROBLEM},
    "5XX": {"description": "A problem of ours; `retry_after_ms` may say when to try again.", "content": _PROBLEM},
}
"""What every route may answer."""


def problems(*kinds: type[HongyanError]) -> dict[int | str, dict[str, Any]]:
    """These errors as OpenAPI tells them, by status."""
    by_status: dict[int, list[type[HongyanError]]] = {}
    for kind in kinds:
        by_status.setdefault(kind.http_status, []).append(kind)
    return {
        status: {"description": "\n".join(map(_sentence, sorted(found, key=_number))), "content": _PROBLEM}
        for status, found in sorted(by_status.items())
    }


def _sentence(kind: type[HongyanError]) -> str:
    return f"- `{ErrorCode(kind.code).name.lower()}`: {kind.sentence}"


def _number(kind: type[HongyanError]) -> int:
    return int(kind.code)


def problem_response(error: HongyanError, request_id: str, fields: Sequence[FieldProblem] = ()) -> Response:
    """An error as an HTTP answer."""
    status = error.http_status
    problem = Problem(
        type=f"urn:hongyan:error:{error.name}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=str(error),
        code=int(error.code),
        name=error.name,
        permanent=error.permanent,
        retry_after_ms=error.retry_after_ms,
        request_id=request_id,
        errors=list(fields),
    )
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = (
            "Bearer" if isinstance(error, NotAuthenticated) else 'Bearer error="invalid_token"'
        )
    if error.retry_after_ms:
        headers["Retry-After"] = str(-(-error.retry_after_ms // 1_000))
    return Response(problem.model_dump_json(), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Makes an application answer with problems only."""
    app.add_exception_handler(HongyanError, _answer_ours)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)


def request_id_of(request: Request) -> str:
    """The name of this request, which the gate gave it."""
    return str(request.state.request_id)


async def _answer_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, HongyanError)
    request.state.refused(error)
    return problem_response(error, request_id_of(request))


async def _answer_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # What was sent is left out: it may be a password.
    fields = [FieldProblem(field=_path(found["loc"]), reason=str(found["msg"])) for found in error.errors()]
    ours = InvalidField(field=fields[0].field, reason=fields[0].reason)
    request.state.refused(ours)
    return problem_response(ours, request_id_of(request), fields)


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    ours = _ours(request, error)
    request.state.refused(ours)
    answer = problem_response(ours, request_id_of(request))
    allow = (error.headers or {}).get("Allow")
    if allow:
        answer.headers["Allow"] = allow
    return answer


def _ours(request: Request, error: HTTPException) -> HongyanError:
    path = request.url.path
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return PathUnknown(path=path)
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return MethodNotAllowed(method=request.method, path=path)
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return PacketTooLarge(size_bytes=request.state.body_bytes, limit_bytes=BODY_BYTES)
        case status if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return InvalidField(field="body", reason="it cannot be read")
        case _:
            return Internal(reference=request_id_of(request))


def _path(location: Sequence[str | int]) -> str:
    """`("body", "user_id")` as `user_id`; the body itself, or a place in its text, as `body`."""
    names = [part for part in location if isinstance(part, str)]
    return ".".join(names[1:]) or "body"
