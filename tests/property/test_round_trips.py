"""What one end encodes the other decodes to the same, in both codecs, for every kind of frame."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hongyan.model.records import Entry
from hongyan.protocol.client import CLIENT_LIMITS, ClientCodec
from hongyan.protocol.codec import PROTO_CLIENT, PROTO_SERVER, decode_entry, encode_entry
from hongyan.protocol.codec_content import build_content, parse_content
from hongyan.protocol.codec_json import JSON_CLIENT, JSON_SERVER
from hongyan.protocol.content import ContentView
from hongyan.protocol.frames import ClientFrame, Limits, ServerFrame
from hongyan.protocol.server import ServerCodec
from hongyan.protocol.wire import entry_pb2, frame_pb2
from tests.property import frames as draw

PAIRS = [pytest.param(PROTO_SERVER, PROTO_CLIENT, id="proto"), pytest.param(JSON_SERVER, JSON_CLIENT, id="json")]
LIMITS = Limits()
# The first draw of a large strategy takes long, and these machines are small.
wide = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(("server", "client"), PAIRS)
@wide
@given(st.lists(draw.client_frames, max_size=3))
def test_a_servers_codec_reads_what_a_clients_wrote(
    server: ServerCodec, client: ClientCodec, sent: list[ClientFrame]
) -> None:
    assert server.decode(client.encode(sent), LIMITS) == sent


@pytest.mark.parametrize(("server", "client"), PAIRS)
@wide
@given(st.lists(draw.server_frames, max_size=3))
def test_a_clients_codec_reads_what_a_servers_wrote(
    server: ServerCodec, client: ClientCodec, sent: list[ServerFrame]
) -> None:
    packet = server.encode(sent)
    assert client.decode(packet, CLIENT_LIMITS) == sent
    assert client.decode(server.compress(packet), CLIENT_LIMITS) == sent


@pytest.mark.parametrize(("server", "client"), PAIRS)
@wide
@given(st.lists(st.lists(draw.server_frames, max_size=2), max_size=3))
def test_joined_packets_are_a_packet(
    server: ServerCodec, client: ClientCodec, packets: list[list[ServerFrame]]
) -> None:
    joined = server.join([server.encode(sent) for sent in packets])
    assert client.decode(joined, CLIENT_LIMITS) == [frame for sent in packets for frame in sent]


@wide
@given(st.lists(draw.client_frames, max_size=3), st.lists(draw.server_frames, max_size=3))
def test_packets_are_those_of_the_official_encoder(sent: list[ClientFrame], answered: list[ServerFrame]) -> None:
    up, down = PROTO_CLIENT.encode(sent), PROTO_SERVER.encode(answered)
    assert frame_pb2.ClientPacket.FromString(up).SerializeToString() == up
    assert frame_pb2.ServerPacket.FromString(down).SerializeToString() == down


@wide
@given(draw.entries)
def test_an_entrys_bytes_are_those_of_the_official_encoder(entry: Entry) -> None:
    encoded = encode_entry(entry)
    parsed = entry_pb2.Entry.FromString(encoded)
    assert parsed.SerializeToString() == encoded
    assert (parsed.conversation_id, parsed.seq, parsed.countable) == (entry.conversation_id, entry.seq, entry.countable)
    assert decode_entry(encoded) == entry


@wide
@given(draw.views())
def test_content_reads_as_it_was_built(view: ContentView) -> None:
    assert parse_content(build_content(view)) == view


@wide
@given(draw.client_frames)
def test_a_client_that_writes_camel_case_is_understood_too(frame: ClientFrame) -> None:
    written = json.loads(JSON_CLIENT.encode([frame]))
    assert JSON_SERVER.decode(json.dumps(_camel(written)).encode(), LIMITS) == [frame]


def _camel(value: object) -> object:
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        "".join(w if i == 0 else w.capitalize() for i, w in enumerate(k.split("_"))): _camel(v)
        for k, v in value.items()
    }
