"""For those who run the server, and for clients that look for its sockets."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from hongyan import __version__
from hongyan.model.codes import Unavailable
from hongyan.rest.problems import PROBLEMS, problem_response, problems, request_id_of
from hongyan.rest.services import Services
from hongyan.telemetry import EXPOSITION_TYPE, exposition


class HealthAnswer(BaseModel):
    """The process is there."""

    status: str


class VersionAnswer(BaseModel):
    """Which hongyan this is."""

    version: str


class EndpointsAnswer(BaseModel):
    """Where connections are taken; empty while the server is not ready."""

    ws: str
    tcp: str


def operations_router(services: Services) -> APIRouter:
    """Health, readiness, metrics, version, endpoints: open to everybody, and nothing in them is a secret."""
    router = APIRouter(tags=["operations"])
    status, metrics = services.status, services.metrics

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz", summary="Is the process alive?")
    async def healthz() -> HealthAnswer:
        return HealthAnswer(status="ok")

    @router.head("/readyz", include_in_schema=False, response_model=None)
    @router.get(
        "/readyz",
        summary="Does it take connections?",
        response_model=HealthAnswer,
        responses=problems(Unavailable),
    )
    async def readyz(request: Request) -> Response | HealthAnswer:
        if status.ready:
            return HealthAnswer(status="ready")
        return problem_response(Unavailable(what="the server", retry_after_ms=1_000), request_id_of(request))

    @router.get("/metrics", summary="What Prometheus scrapes", response_class=Response)
    async def metrics_page() -> Response:
        return Response(await exposition(metrics), media_type=EXPOSITION_TYPE)

    @router.get("/version", summary="Which version?")
    async def version() -> VersionAnswer:
        return VersionAnswer(version=__version__)

    @router.get("/api/v1/endpoints", summary="Where are connections taken?", responses=PROBLEMS)
    async def endpoints(request: Request) -> EndpointsAnswer:
        host = request.url.hostname or ""
        return EndpointsAnswer(ws=_reachable(status.ws_url, host), tcp=_reachable(status.tcp_url, host))

    return router


def _reachable(url: str, host: str) -> str:
    """A URL with the host that the client used, where the server listens on every address of its machine."""
    shown = f"[{host}]" if ":" in host else host
    for any_host in ("//0.0.0.0:", "//[::]:"):
        url = url.replace(any_host, f"//{shown}:")
    return url
