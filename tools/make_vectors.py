"""Fills in the bytes of the golden vectors, from their readable form, by the official protobuf library.

A vector in proto/vectors/*.json is written by hand as what it says and its `json`; this tool adds `hex`. Our own codecs
have no part in it: the vectors are there to judge them, and those of every SDK.

Run as `python -m tools.make_vectors`; with --check it writes nothing and fails when a file differs.
"""

import argparse
import json
import pathlib
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from hongyan.protocol.wire import frame_pb2

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "proto/vectors"
PACKETS: dict[str, type[Message]] = {"client": frame_pb2.ClientPacket, "server": frame_pb2.ServerPacket}


def with_bytes(vector: dict[str, Any]) -> dict[str, Any]:
    """The vector with the bytes of its `json`; as it is when it has none or its bytes were compressed by somebody."""
    if "json" not in vector or vector.get("compressed"):
        return vector
    packet = json_format.ParseDict(vector["json"], PACKETS[vector["from"]]())
    return {**vector, "hex": packet.SerializeToString(deterministic=True).hex()}


def rewritten(path: pathlib.Path) -> str:
    """A file of vectors as it has to be."""
    vectors = [with_bytes(vector) for vector in json.loads(path.read_text())]
    return json.dumps(vectors, ensure_ascii=False, indent=2) + "\n"


def main() -> int:
    """Writes or, with --check, compares; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")
    check = parser.parse_args().check
    stale = [path for path in sorted(FOLDER.glob("*.json")) if rewritten(path) != path.read_text()]
    for path in stale:
        print(f"{'differs' if check else 'written'}: {path.name}")
        if not check:
            path.write_text(rewritten(path))
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
