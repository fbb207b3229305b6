"""The generator processes of a run: started, told, heard and ended by it."""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import Self, TypeVar

import msgspec

from hongyan.cli.bench.messages import Failed, FromWorker, Task, Tick, ToWorker
from hongyan.cli.bench.troubles import GeneratorFailedError
from hongyan.cli.bench.worker import work

M = TypeVar("M")

LOOK_S = 0.2


class Fleet:
    """One process a task. Use as a context: at its end no process is left."""

    def __init__(self, tasks: Sequence[Task], look: Callable[[list[Tick]], None]) -> None:
        """`look` is called about five times a second while the run waits, with the last tick of each process."""
        context = multiprocessing.get_context("spawn")
        self._look = look
        self._ticks = [Tick(0, 0)] * len(tasks)
        self._decoder = msgspec.msgpack.Decoder(FromWorker)
        self._pipes: list[Connection] = []
        self.processes: list[multiprocessing.process.BaseProcess] = []
        for task in tasks:
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(theirs, task), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self.processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self.processes:
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()

    @property
    def pids(self) -> list[int]:
        """The processes."""
        return [process.pid for process in self.processes if process.pid is not None]

    def tell(self, message: ToWorker) -> None:
        """Says the same to all."""
        for pipe in self._pipes:
            pipe.send_bytes(msgspec.msgpack.encode(message))

    def hear(self, kind: type[M], patience_s: float) -> list[M]:
        """One message of this kind from each, in the order of the tasks; ticks in between are looked at.

        Raises GeneratorFailedError when a process fails, ends, or takes longer than that.
        """
        heard: dict[int, M] = {}
        deadline = time.monotonic() + patience_s
        while len(heard) < len(self._pipes):
            waiting = [pipe for index, pipe in enumerate(self._pipes) if index not in heard]
            for pipe in wait(waiting, LOOK_S):
                index = self._pipes.index(pipe)  # type: ignore[arg-type]  # `wait` gives back what it was given
                message = self._receive(index)
                if isinstance(message, kind):
                    heard[index] = message
            self._look(self._ticks)
            if time.monotonic() > deadline:
                raise GeneratorFailedError(f"no {kind.__name__} from a generator within {patience_s:.0f} s")
        return [heard[index] for index in range(len(self._pipes))]

    def _receive(self, index: int) -> FromWorker:
        try:
            message: FromWorker = self._decoder.decode(self._pipes[index].recv_bytes())
        except (EOFError, OSError) as error:
            raise GeneratorFailedError("a generator process ended") from error
        if isinstance(message, Failed):
            raise GeneratorFailedError(message.reason)
        if isinstance(message, Tick):
            self._ticks[index] = message
        return message
