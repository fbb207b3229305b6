"""Advice on settings that are allowed."""

import pytest

from hongyan.cli.doctor.findings import Level
from hongyan.cli.doctor.settings import check_settings
from hongyan.config.load import load


def names(*assignments: str) -> list[str]:
    """What is found besides what is well."""
    return [finding.name for finding in check_settings(load(None, {}, assignments)) if finding.level is not Level.OK]


def test_the_defaults_need_no_advice() -> None:
    assert names() == []


@pytest.mark.parametrize(
    ("assignments", "found"),
    [
        (["listen.ws=0.0.0.0:8081"], ["encryption", "registration"]),
        (["listen.ws=0.0.0.0:8081", "listen.trusted_proxies=10.0.0.1"], ["registration"]),
        (["listen.http=[::]:80", "users.registration=closed"], ["encryption"]),
        (["listen.http=[::1]:80", "listen.ws=localhost:81"], []),
        (["users.argon2_memory_kib=64"], ["passwords"]),
        (["log.retention_records=0"], ["log retention"]),
        (["logging.level=debug"], ["logging"]),
    ],
)
def test_what_is_allowed_and_not_wise_is_named(assignments: list[str], found: list[str]) -> None:
    assert names(*assignments) == found
