"""What is printed about the configuration is read off its type."""

from pathlib import Path

import msgspec

from hongyan.config import Config, keys
from hongyan.config.load import load
from hongyan.config.manual import assignment, markdown, toml


def test_the_shown_configuration_reads_back_as_the_same(tmp_path: Path) -> None:
    config = load(
        assignments=["gateway.origins=a.example,b.example", 'data_dir=a "folder" 鸿雁', "gateway.drain_s=0.5"]
    )
    path = tmp_path / "shown.toml"
    path.write_text(toml(config))
    assert load(path) == config


def test_the_manual_names_every_key_with_its_variable() -> None:
    page = markdown()
    for key in keys.keys().values():
        assert f"| `{key.name}` |" in page
        assert f"| `{key.variable}` |" in page


def test_what_is_secret_is_hidden_when_redacted() -> None:
    key = msgspec.structs.replace(keys.keys()["data_dir"], secret=True)
    assert assignment(key, "s3cret", redacted=False) == 'data_dir = "s3cret"'
    assert assignment(key, "s3cret", redacted=True) == 'data_dir = "(redacted)"'
    assert 'check_secret = "(redacted)"' in toml(Config(), redacted=True)
    assert "(redacted)" not in toml(Config())
