"""What every directory of routes promises (hongyan.ports.state.Routes)."""

from collections.abc import Callable

import pytest

from hongyan.ports.state import Routes
from tests.contract.adapters import GATEWAY, ROUTES
from tests.contract.rows import ALICE, BOB


@pytest.fixture(params=ROUTES.values(), ids=list(ROUTES))
def routes(request: pytest.FixtureRequest) -> Routes:
    make: Callable[[], Routes] = request.param
    return make()


async def test_a_registered_user_is_found_at_the_gateway(routes: Routes) -> None:
    await routes.register(ALICE, GATEWAY)
    await routes.register(ALICE, GATEWAY)
    await routes.register(BOB, GATEWAY)
    located = await routes.locate((ALICE, BOB))
    assert set(located) == {GATEWAY}
    assert set(located[GATEWAY]) == {ALICE, BOB}


async def test_a_user_stays_found_when_another_one_goes(routes: Routes) -> None:
    await routes.register(ALICE, GATEWAY)
    await routes.register(BOB, GATEWAY)
    await routes.unregister(BOB, GATEWAY)
    assert ALICE in (await routes.locate([ALICE, BOB]))[GATEWAY]


async def test_a_user_who_comes_back_is_found_again(routes: Routes) -> None:
    await routes.register(ALICE, GATEWAY)
    await routes.unregister(ALICE, GATEWAY)
    await routes.register(ALICE, GATEWAY)
    assert ALICE in (await routes.locate([ALICE]))[GATEWAY]


async def test_only_those_asked_for_are_told(routes: Routes) -> None:
    await routes.register(ALICE, GATEWAY)
    await routes.register(BOB, GATEWAY)
    assert BOB not in (await routes.locate([ALICE])).get(GATEWAY, ())
