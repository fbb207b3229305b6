"""The tree of the configuration."""

import msgspec
import pytest

from hongyan.config import Limits
from hongyan.config.keys import keys, sections
from hongyan.config.load import load
from hongyan.protocol import frames


def test_the_limits_told_to_clients_have_the_names_and_defaults_of_the_protocol() -> None:
    told = msgspec.structs.fields(frames.Limits)
    ours = {item.name: item.default for item in msgspec.structs.fields(Limits)}
    assert [(item.name, item.default) for item in told] == [(item.name, ours[item.name]) for item in told]


def test_the_defaults_are_within_their_own_bounds() -> None:
    for section in sections():
        for key in section.keys:
            if key.name != "data_dir":
                assert msgspec.convert(msgspec.to_builtins(key.default), key.type) == key.default


def test_every_key_has_a_sentence_and_every_section_too() -> None:
    assert all(section.sentence for section in sections() if section.name)
    assert [path for path, key in keys().items() if not key.sentence.endswith(".")] == []


def test_no_two_keys_share_a_variable() -> None:
    variables = [key.variable for key in keys().values()]
    assert len(set(variables)) == len(variables)


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        load().limits.content_bytes = 1  # type: ignore[misc]  # the point of the test
