"""The one place where the HTTP stack is built."""

from collections.abc import Callable

from fastapi import APIRouter, FastAPI

from hongyan import __version__
from hongyan.rest.accounts import accounts_router
from hongyan.rest.address import AddressGate
from hongyan.rest.bots import bots_router
from hongyan.rest.conversations import conversations_router
from hongyan.rest.etag import Tagged
from hongyan.rest.gate import Gate
from hongyan.rest.groups import groups_router
from hongyan.rest.history import history_router
from hongyan.rest.integrators import integrators_router
from hongyan.rest.items import items_router
from hongyan.rest.joining import joining_router
from hongyan.rest.messages import messages_router
from hongyan.rest.moderation import moderation_router
from hongyan.rest.openapi import describe
from hongyan.rest.operations import operations_router
from hongyan.rest.page import PageRoute
from hongyan.rest.people import people_router
from hongyan.rest.personal import personal_router
from hongyan.rest.presence import presence_router
from hongyan.rest.problems import install
from hongyan.rest.relations import relations_router
from hongyan.rest.services import Services
from hongyan.rest.sync import sync_router
from hongyan.rest.webhooks import webhooks_router

ROUTERS: tuple[Callable[[Services], APIRouter], ...] = (
    accounts_router,
    people_router,
    presence_router,
    relations_router,
    messages_router,
    history_router,
    conversations_router,
    personal_router,
    items_router,
    groups_router,
    joining_router,
    sync_router,
    operations_router,
    integrators_router,
    bots_router,
    webhooks_router,
    moderation_router,
)
"""One line a part of the API."""

_DESCRIPTION = """\
All that a hongyan server does, over HTTP: for integrators, and for clients that cannot hold a connection.

Entries and contents are the messages of `proto/hongyan/v1/` as JSON. A list has `limit` and `cursor`; a read has an `ETag`; what
submits something takes an `Idempotency-Key`, and a retry with the same key is done once.

Errors are problems (RFC 9457) with the codes that connections use. Tokens belong into the header `Authorization`.
"""


def build_rest(services: Services) -> FastAPI:
    """The ASGI application."""
    app = FastAPI(
        title="hongyan",
        version=__version__,
        description=_DESCRIPTION,
        # Swagger and ReDoc would fetch their scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    install(app)
    describe(app)
    app.add_middleware(AddressGate, wait=services.address_wait)
    app.add_middleware(Tagged)
    app.add_middleware(Gate, metrics=services.metrics)
    for router in ROUTERS:
        app.include_router(router(services))
    app.router.routes.append(PageRoute())
    return app
