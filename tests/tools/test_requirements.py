"""The lists of requirements agree with each other and name no place they came from."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def project(path: str) -> dict[str, object]:
    loaded: dict[str, object] = tomllib.loads((ROOT / path).read_text())["project"]
    return loaded


def requirements_in(name: str) -> set[str]:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    return {line.replace('"', "'") for line in lines if line and not line.startswith(("#", "-"))}


def test_runtime_in_is_what_the_server_extra_asks_for() -> None:
    server, client = project("pyproject.toml"), project("sdk/python/pyproject.toml")
    extras = server["optional-dependencies"]
    assert isinstance(extras, dict)
    asked = {*server["dependencies"], *extras["server"], *client["dependencies"]}  # type: ignore[misc]  # TOML is untyped
    assert asked - {"hongyan", "hongyan-client"} == requirements_in("runtime.in")


def test_the_base_distribution_stays_light() -> None:
    dependencies = project("pyproject.toml")["dependencies"]
    assert isinstance(dependencies, list)
    assert {re.split(r"[<>=~]", entry)[0] for entry in dependencies} == {"msgspec", "protobuf"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_index(lock: Path) -> None:
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host", lock.read_text())


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_its_hashes(lock: Path) -> None:
    pins = re.findall(r"^\S+==\S+.*\\\n    --hash=sha256:", lock.read_text(), re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\S+==", lock.read_text(), re.MULTILINE)) > 0


def pins_of(name: str) -> dict[str, str]:
    return dict(re.findall(r"^(\S+)==(\S+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))


def test_development_runs_on_the_versions_of_production() -> None:
    development = pins_of("dev.lock")
    assert {name: development.get(name) for name in pins_of("runtime.lock")} == pins_of("runtime.lock")
