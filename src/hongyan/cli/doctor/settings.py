"""What is allowed to be configured and yet is worth a thought."""

import ipaddress

from hongyan.cli.doctor.findings import Finding, ok, warning
from hongyan.config import Config
from hongyan.config.load import parse_address

SAFE_ARGON2_KIB = 19_456
"""OWASP's least for argon2id with two passes."""


def check_settings(config: Config) -> list[Finding]:
    """Advice on a configuration that `load` took: each key within its bounds, and together not wise."""
    found = [*_on_the_air(config), *_weak(config), *_small(config)]
    return found or [ok("settings", "Right, and nothing to advise.")]


def _on_the_air(config: Config) -> list[Finding]:
    public = [name for name in ("http", "ws", "tcp") if not _is_local(getattr(config.listen, name), f"listen.{name}")]
    if not public:
        return []
    names = ", ".join(f"listen.{name}" for name in public)
    found = []
    if not config.listen.trusted_proxies:
        cure = "Put a proxy with TLS in front, listen on 127.0.0.1, and name the proxy in listen.trusted_proxies."
        sentence = f"{names} can be reached from other machines, unencrypted: passwords can be read on the way."
        found.append(warning("encryption", sentence, cure))
    if config.users.registration == "open":
        cure = "If that is not meant: --set users.registration=closed, and `hongyan user add` for each user."
        found.append(warning("registration", f"Anybody who reaches {names} may make an account.", cure))
    return found


def _weak(config: Config) -> list[Finding]:
    users = config.users
    if users.argon2_memory_kib * users.argon2_iterations >= SAFE_ARGON2_KIB * 2:
        return []
    sentence = (
        f"Passwords are hashed with {users.argon2_memory_kib} KiB and {users.argon2_iterations} passes: cheap to guess."
    )
    cure = f"--set users.argon2_memory_kib={SAFE_ARGON2_KIB} --set users.argon2_iterations=2"
    return [warning("passwords", sentence, cure)]


def _small(config: Config) -> list[Finding]:
    found = []
    if config.log.retention_records == 0:
        cure = "--set log.retention_records=200000"
        sentence = "The log keeps nothing once it is stored: a store restored from a backup cannot catch up."
        found.append(warning("log retention", sentence, cure))
    if config.logging.level == "debug":
        sentence = "Logging at level debug writes lines for every request."
        found.append(warning("logging", sentence, "--set logging.level=info"))
    return found


def _is_local(address: str, where: str) -> bool:
    host, _ = parse_address(address, where)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
