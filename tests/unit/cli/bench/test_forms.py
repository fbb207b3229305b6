"""Submissions prepared as bytes are what the codec reads."""

from hypothesis import given
from hypothesis import strategies as st

from hongyan.cli.bench.forms import MAX_NUMBER, Forms, id_of, number_of, stamp_ns
from hongyan.protocol.codec import PROTO_SERVER
from hongyan.protocol.codec_content import parse_content
from hongyan.protocol.frames import Limits, Submit


def read(packet: bytes) -> list[tuple[int, Submit, str]]:
    """(frame id, submission, text) of each frame."""
    found = []
    for frame in PROTO_SERVER.decode(packet, Limits()):
        assert isinstance(frame.command, Submit)
        content = frame.command.command.content  # type: ignore[union-attr]  # a SendMessage, or the test fails
        found.append((frame.id, frame.command, parse_content(content).text))
    return found


@given(st.integers(1, 900), st.integers(0, MAX_NUMBER - 1), st.integers(0, 10**15), st.integers(20, 500))
def test_a_form_filled_in_is_a_submission(frame_id: int, number: int, stamp_us: int, size: int) -> None:
    forms = Forms("s:ann:ben", "ann", size)
    forms.reach(frame_id)
    [(found_id, submit, text)] = read(forms.table[frame_id] % (number, stamp_us))
    assert found_id == frame_id
    assert submit.conversation_id == "s:ann:ben"
    assert submit.client_msg_id == id_of("ann", number)
    assert number_of(submit.client_msg_id) == number
    assert not submit.resend
    assert len(text) == size
    assert stamp_ns(text) == stamp_us * 1000


def test_joined_forms_are_one_packet() -> None:
    forms = Forms("g:x", "b0-00000000", 100)
    forms.reach(2)
    found = read(forms.table[1] % (0, 5) + forms.table[2] % (1, 5))
    assert [(frame_id, submit.client_msg_id) for frame_id, submit, _ in found] == [
        (1, "b0-00000000.00000000"),
        (2, "b0-00000000.00000001"),
    ]


def test_a_resend_differs_by_its_mark_alone() -> None:
    forms = Forms("g:x", "ann", 64)
    forms.reach(3)
    [(_, first, text)] = read(forms.table[3] % (7, 99))
    [(_, again, text_again)] = read(forms.again(3) % (7, 99))
    assert again.resend
    assert (again.client_msg_id, again.command, text_again) == (first.client_msg_id, first.command, text)


def test_a_text_of_somebody_else_has_no_moment() -> None:
    assert stamp_ns("hello") == 0
    assert stamp_ns("hello, this is longer than a stamp") == 0
