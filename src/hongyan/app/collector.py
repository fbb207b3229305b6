"""When Python's cycle collector works: often and briefly, as an owner of its own."""

import asyncio
import gc

_YOUNG_S = 0.1
_MIDDLE_TURNS = 100  # every so many looks at the youngest, one at those that outlived it
_THRESHOLDS = (100_000, 50, 1_000)


class Collector:
    """Looks at the youngest objects ten times a second.

    By itself the collector goes by how many containers were made less how many went. Here as many old ones go as new ones
    come (windows of conversations move on), so that count stands still while the young pile up, until one look at all of
    them stops the event loop for tens of milliseconds.
    """

    async def run(self) -> None:
        """Works until cancelled."""
        # What was made until now lives as long as the process: it need not be looked at again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_THRESHOLDS)
        turn = 0
        while True:
            await asyncio.sleep(_YOUNG_S)
            turn += 1
            gc.collect(1 if turn % _MIDDLE_TURNS == 0 else 0)
