"""The package itself."""

import subprocess
import sys

IMPORT_EVERYTHING = """
import importlib, pkgutil, socket, sys, threading

def refuse(*args, **kwargs):
    raise SystemExit(f"a socket was made at import: {args}")

socket.socket.connect = refuse
socket.socket.bind = refuse

import hongyan
import hongyan_client

for package in (hongyan, hongyan_client):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        # A main module runs, and Alembic runs its env.py: they are programs, not modules.
        if not module.name.endswith((".__main__", ".env")):
            importlib.import_module(module.name)

assert threading.active_count() == 1, threading.enumerate()
"""


def test_importing_every_module_starts_no_thread_and_opens_no_connection() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_EVERYTHING], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_package_loads_none_of_its_parts() -> None:
    code = "import sys, hongyan; sys.exit([name for name in sys.modules if name.startswith('hongyan.')] != [])"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
