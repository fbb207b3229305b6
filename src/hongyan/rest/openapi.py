"""What the API says about itself, where its bodies are messages of the contract and not models of ours."""

from typing import Any

from fastapi import FastAPI

from hongyan.model.codes import (
    ConversationUnknown,
    Internal,
    InvalidField,
    NotAllowed,
    NotAMember,
    NotAuthenticated,
    OutcomeUnknown,
    Overloaded,
    PacketTooLarge,
    RateLimited,
    StorageFull,
    SubmissionConflict,
    TokenExpired,
    TokenInvalid,
    TokenRevoked,
)
from hongyan.model.errors import HongyanError
from hongyan.protocol import plain_schema
from hongyan.rest.problems import PROBLEMS, Problem, problems

Spec = dict[str, Any]
Responses = dict[int | str, dict[str, Any]]

_ANSWERS = (
    *("Receipt", "Entry", "EntryPage", "SyncPage", "MemberPage", "Positions"),
    *("Group", "ItemPage", "ItemsChanged"),
)
_ASKED = (
    "Content",
    "CreateGroup",
    "AddMembers",
    "TransferOwner",
    "MuteAll",
    "SetGroupProfile",
    "SetNickname",
    "SetGroupRules",
    "MakeJoinLink",
    "JoinByLink",
    "RequestJoin",
    "PutItems",
)
_TOKENS: tuple[type[HongyanError], ...] = (NotAuthenticated, TokenInvalid, TokenExpired, TokenRevoked)
_READS: tuple[type[HongyanError], ...] = (*_TOKENS, InvalidField, ConversationUnknown, Internal)
_SUBMITS: tuple[type[HongyanError], ...] = (
    *_TOKENS,
    InvalidField,
    PacketTooLarge,
    NotAMember,
    NotAllowed,
    ConversationUnknown,
    SubmissionConflict,
    RateLimited,
    Overloaded,
    Internal,
    StorageFull,
    OutcomeUnknown,
)


def of_contract(name: str) -> Spec:
    """A reference to a message's schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def object_of(required: list[str], **properties: Spec) -> Spec:
    """The schema of an object with these fields and no other."""
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


def json_body(schema: Spec, example: Any = None) -> Spec:
    """What a route takes, for `openapi_extra`."""
    content = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def reads(schema: str, *kinds: type[HongyanError]) -> Responses:
    """What a route that reads may answer."""
    return {
        200: {"description": "It.", "content": {"application/json": {"schema": of_contract(schema)}}},
        **problems(*_READS, *kinds),
        **PROBLEMS,
    }


def submits(*kinds: type[HongyanError], status: int = 201, links: Spec | None = None) -> Responses:
    """What a route that submits a command may answer."""
    text = {"schema": {"type": "string"}}
    created: Spec = {
        "description": "Durable, and at its place in the order; `seq` is 0 where nothing had to change.",
        "content": {"application/json": {"schema": of_contract("Receipt")}},
        "headers": {
            "Location": {"description": "The entry, where there is one.", **text},
            "RateLimit": {"description": "What may still be submitted: `r` now, all in `t` seconds.", **text},
            "RateLimit-Policy": {"description": "How much fits: `q`, filled in `w` seconds.", **text},
        },
    }
    if links is not None:
        created["links"] = links
    return {status: created, **problems(*_SUBMITS, *kinds), **PROBLEMS}


def accepts(*kinds: type[HongyanError]) -> Responses:
    """What a route that takes something in without an answer may answer."""
    return {204: {"description": "Taken in."}, **problems(*_READS, NotAMember, Overloaded, *kinds), **PROBLEMS}


def entry_links() -> Spec:
    """From a receipt to its entry."""
    parameters = {"conversation_id": "$response.body#/conversation_id", "seq": "$response.body#/seq"}
    return {
        name: {"operationId": name, "parameters": parameters}
        for name in ("get_entry", "edit_message", "delete_message", "recall_message", "react", "pin", "list_readers")
    }


def describe(app: FastAPI) -> None:
    """Adds the contract's schemas to what FastAPI says."""
    built = app.openapi

    def openapi() -> Spec:
        if app.openapi_schema is None:
            app.openapi_schema = _with_contract(built())
        return app.openapi_schema

    # FastAPI's own way: https://fastapi.tiangolo.com/how-to/extending-openapi/
    app.openapi = openapi  # type: ignore[method-assign]


def _with_contract(spec: Spec) -> Spec:
    schemas = spec.setdefault("components", {}).setdefault("schemas", {})
    schemas |= plain_schema.answered(*_ANSWERS) | plain_schema.asked(*_ASKED)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    schemas |= problem.pop("$defs", {}) | {"Problem": problem}
    # What integrators send is a content of the contract too.
    schemas["AskedMessage"]["properties"]["content"] = of_contract("ContentInput")
    page = schemas["EntryPage"]
    cursor = {"type": "string", "description": "Give it to get the page that follows, in the same direction."}
    schemas["HistoryPage"] = {
        **page,
        "title": "HistoryPage",
        "properties": {**page["properties"], "cursor": cursor},
        "required": [*page["required"], "cursor"],
    }
    for path, methods in spec["paths"].items():
        if path.startswith("/api/") and "get" in methods:
            _tell_etag(methods["get"])
    return spec


def _tell_etag(operation: Spec) -> None:
    """What `etag.Tagged` does for every read."""
    etag = {"ETag": {"description": "The name of this answer for If-None-Match.", "schema": {"type": "string"}}}
    operation["responses"].get("200", {}).setdefault("headers", {}).update(etag)
    operation["responses"]["304"] = {"description": "The caller has it already.", "headers": etag}
    parameter = {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "ETags of earlier answers: 304, without a body, if it is still one of them.",
        "schema": {"type": "string"},
    }
    operation.setdefault("parameters", []).append(parameter)
