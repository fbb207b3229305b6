"""Scanning gives the frames that the codec wrote."""

import pytest

from hongyan.model.codes import MalformedFrame
from hongyan.model.ids import ClientMsgId, ConversationId, MessageId, UserId
from hongyan.model.records import Entry, MemberLeft, Submitted
from hongyan.protocol.codec import PROTO_SERVER, encode_entry
from hongyan.protocol.codec_scan import scan

ENTRY = Entry(ConversationId("g:a"), 7, MessageId(1), UserId("ann"), ClientMsgId("x-1"), 5, 3, MemberLeft())
SUBMITTED = Submitted(UserId("ann"), ClientMsgId("x-2"), 8, MessageId(2), 6, 4, digest=0)


def test_pushes_and_receipts_of_a_joined_packet_come_in_order() -> None:
    receipt = PROTO_SERVER.receipt(9, ENTRY.conversation_id, SUBMITTED)
    pushed, answered = scan(PROTO_SERVER.join([PROTO_SERVER.push([encode_entry(ENTRY)]), receipt]))
    assert [(entry.seq, entry.client_msg_id) for entry in pushed.push.entries] == [(7, "x-1")]
    assert (pushed.reply_to, answered.reply_to) == (0, 9)
    assert (answered.receipt.seq, answered.receipt.client_msg_id) == (8, "x-2")


def test_bytes_of_another_schema_are_malformed() -> None:
    with pytest.raises(MalformedFrame):
        scan(b"\xff\xff\xff")
