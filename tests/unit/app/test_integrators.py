"""Settings of hooks that cannot hold are said at the start, and what is written is what is done."""

from pathlib import Path

import msgspec
import pytest

from hongyan.adapters.store.admin_memory import MemoryAdminStore
from hongyan.app.integrators import WordsWatch, check_of, checked_url, dispatch_options
from hongyan.config import Config, Hooks
from hongyan.model.errors import SetupError
from hongyan.services.admin.words import Words
from hongyan.services.webhooks.signing import make_secret
from tests.unit.services.admin.worlds import no_post


def configured(**hooks: object) -> Config:
    return Config(hooks=msgspec.structs.replace(Hooks(), **hooks))


def test_without_an_address_nobody_is_asked() -> None:
    assert check_of(configured(), no_post) is None
    assert check_of(configured(check_url="https://x.example/", check_secret=make_secret()), no_post) is not None


@pytest.mark.parametrize("secret", ["", "secret", "whsec_c2hvcnQ="])
def test_a_check_without_a_good_secret_does_not_start(secret: str) -> None:
    with pytest.raises(SetupError, match="check_secret"):
        check_of(configured(check_url="https://x.example/", check_secret=secret), no_post)


@pytest.mark.parametrize("url", ["x.example", "ftp://x.example", "http://", "http://me@x.example/", "http://x y/"])
def test_an_address_that_is_none_does_not_start(url: str) -> None:
    with pytest.raises(SetupError, match="check_url"):
        checked_url(configured(check_url=url))


def test_pauses_grow_from_the_first_to_hours() -> None:
    options = dispatch_options(configured())
    assert [delay_ms // 1_000 for delay_ms in options.delays_ms] == [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400]
    assert options.give_up_ms == 24 * 3_600_000


async def test_a_file_of_words_that_cannot_be_read_does_not_start(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(SetupError, match="words_file"):
            await WordsWatch(Words(MemoryAdminStore(), path), path).start()
