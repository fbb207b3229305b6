"""What a generator process does: its part of a scenario, then it ends."""

import gc
from multiprocessing.connection import Connection

import uvloop

from hongyan.cli.bench.catch_up import CatchUp
from hongyan.cli.bench.idle import Idle
from hongyan.cli.bench.messages import Failed, Task
from hongyan.cli.bench.parent import Parent
from hongyan.cli.bench.plan import Scenario
from hongyan.cli.bench.storm import Storm
from hongyan.cli.bench.talk import Group, OneToOne, Talk
from hongyan.cli.bench.troubles import reason_of

SCENARIOS: dict[Scenario, type[Talk]] = {
    Scenario.ONE_TO_ONE: OneToOne,
    Scenario.GROUP: Group,
    Scenario.STORM: Storm,
    Scenario.IDLE: Idle,
    Scenario.CATCH_UP: CatchUp,
}


def work(pipe: Connection, task: Task) -> None:
    """The whole life of a generator process; a failure is told, and nothing is raised."""
    # A run is bounded and its notes make no cycles: collecting them would be measured as latency of the server.
    gc.freeze()
    gc.disable()
    parent = Parent(pipe)
    try:
        uvloop.run(SCENARIOS[task.plan.scenario](task).run(parent))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return
    except BaseException as error:  # noqa: BLE001 - the edge of the process: the run is told, and prints it
        parent.tell(Failed(reason_of(error)))
