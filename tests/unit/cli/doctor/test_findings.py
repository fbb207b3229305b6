"""What follows from what was found."""

import json

import pytest

from hongyan.cli.doctor.findings import Finding, as_json, bad, exit_code, ok, report_of, warning

FINE, ADVICE, BROKEN = ok("a", "Fine."), warning("b", "Hm.", "Do this."), bad("c", "No.", "Do that.")


@pytest.mark.parametrize(
    ("findings", "strict", "code"),
    [
        ([FINE], True, 0),
        ([FINE, ADVICE], False, 0),
        ([FINE, ADVICE], True, 1),
        ([ADVICE, BROKEN, FINE], False, 1),
    ],
)
def test_only_what_is_bad_fails_unless_one_is_strict(findings: list[Finding], strict: bool, code: int) -> None:
    assert exit_code(report_of(findings), strict=strict) == code


def test_programs_read_name_level_sentence_and_cure() -> None:
    shown = json.loads(as_json(report_of([FINE, BROKEN])))
    assert shown["healthy"] is False
    assert shown["findings"][1] == {"name": "c", "level": "bad", "sentence": "No.", "cure": "Do that."}
