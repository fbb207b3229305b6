"""What went wrong, in a sentence."""

from hongyan.cli.bench.troubles import reason_of


def test_the_reason_of_a_failure_is_its_first_error() -> None:
    group = BaseExceptionGroup("many", [ExceptionGroup("some", [ValueError("the reason")]), OSError()])
    assert reason_of(group) == "ValueError: the reason"
