"""The one place where the HTTP stack is built."""

from collections.abc import Callable

from fastapi import APIRouter, FastAPI

from hongyan import __version__
from hongyan.rest.accounts import accounts_router
from hongyan.rest.gate import Gate
from hongyan.rest.integrators import integrators_router
from hongyan.rest.moderation import moderation_router
from hongyan.rest.operations import operations_router
from hongyan.rest.page import PageRoute
from hongyan.rest.problems import install
from hongyan.rest.services import Services
from hongyan.rest.webhooks import webhooks_router

ROUTERS: tuple[Callable[[Services], APIRouter], ...] = (
    accounts_router,
    operations_router,
    integrators_router,
    webhooks_router,
    moderation_router,
)
"""One line a part of the API."""

_DESCRIPTION = """\
Accounts, sessions and devices of a hongyan server. Messages travel on connections; see `proto/client.md`.

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
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    install(app)
    app.add_middleware(Gate, metrics=services.metrics)
    for router in ROUTERS:
        app.include_router(router(services))
    app.router.routes.append(PageRoute())
    return app
