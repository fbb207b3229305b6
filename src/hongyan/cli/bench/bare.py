"""Runs the bare path beside ours: the script of a bare server and client, in turns with our runs, in one session."""

import subprocess
import sys
from pathlib import Path

import msgspec

from hongyan.cli.bench.plan import Plan
from hongyan.cli.bench.troubles import BareFailedError

PATIENCE_S = 60.0


class _Said(msgspec.Struct, frozen=True):
    delivered_per_s: float


def bare_rate(script: Path, plan: Plan) -> float:
    """Deliveries a second of one run of the script, with the plan's pairs, window and seconds. Raises BareFailedError."""
    command = [sys.executable, str(script), "--pairs", str(plan.clients // 2), "--window", str(plan.window)]
    command += ["--seconds", f"{plan.seconds:g}"]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=plan.seconds + PATIENCE_S)  # noqa: S603 - the script that the user named
    except subprocess.CalledProcessError as error:
        raise BareFailedError(
            f"{script} ended with code {error.returncode}:\n{error.stderr.decode(errors='replace')[-2000:]}"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BareFailedError(f"{script} could not be run: {error}") from error
    lines = done.stdout.strip().splitlines()
    try:
        return msgspec.json.decode(lines[-1], type=_Said).delivered_per_s
    except (IndexError, msgspec.MsgspecError) as error:
        raise BareFailedError(f"{script} printed no object with delivered_per_s") from error
