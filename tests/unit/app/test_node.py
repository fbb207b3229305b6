"""From a configuration to stages that are joined."""

import asyncio

import msgspec
import pytest

from hongyan.app.downlink import LocalDownlink
from hongyan.app.node import (
    Pressure,
    Stages,
    Trimmer,
    gateway_options,
    join,
    new_gateway_number,
    now_ms,
    wire_limits,
)
from hongyan.app.overload import Level
from hongyan.config import Config, Gateway, Limits, Log
from hongyan.model.codes import Overloaded, StorageFull, Unavailable
from tests.contract.rows import batch
from tests.flow.node import Accounts, MemoryEngines
from tests.tasks import beside
from tests.unit.delivery.worlds import record


async def joined(config: Config) -> tuple[MemoryEngines, Stages]:
    engines, downlink, number = MemoryEngines(), LocalDownlink(), new_gateway_number()
    return engines, join(config, await engines.open(downlink, number, config), Accounts(), downlink, number)


def test_every_run_has_a_number_of_its_own() -> None:
    numbers = {new_gateway_number() for _ in range(100)}
    assert len(numbers) == 100
    assert all(0 < number < 1 << 53 for number in numbers)


def test_the_clock_counts_milliseconds_since_1970() -> None:
    assert 1_700_000_000_000 < now_ms() < 1 << 43


def test_what_clients_are_told_is_what_is_configured() -> None:
    config = Config(limits=Limits(packet_bytes=5_000, frames_per_packet=7, pending_submissions=9, page_bytes=4_000))
    limits = wire_limits(config)
    assert (limits.packet_bytes, limits.frames_per_packet, limits.pending_submissions, limits.page_bytes) == (
        5_000,
        7,
        9,
        4_000,
    )
    assert msgspec.structs.asdict(limits).keys() <= msgspec.structs.asdict(config.limits).keys()
    assert all(getattr(config.limits, name) == value for name, value in msgspec.structs.asdict(limits).items())


def test_the_hard_bound_of_a_write_buffer_is_above_the_soft_one() -> None:
    options = gateway_options(Config(gateway=Gateway(write_buffer_bytes=8_192, origins=("https://a.example",))))
    assert options.write_buffer_bytes == 8_192
    assert options.write_buffer_hard_bytes > options.write_buffer_bytes
    assert options.origins == ("https://a.example",)


async def test_nothing_presses_at_first_and_a_full_store_or_a_late_delivery_does() -> None:
    _, stages = await joined(Config())
    end = 0
    pressure = Pressure(Config(log=Log(queue_records=10)), lambda: end, stages.delivery, stages.overload)
    assert pressure.ask() is None
    stages.overload.level = Level.SYNCS_SLOWED
    assert pressure.ask() is None
    stages.overload.level = Level.SENDS_REFUSED
    assert isinstance(pressure.ask(), Overloaded)
    stages.overload.level = Level.CALM
    end = 10
    assert pressure.ask() is None
    end = 11
    found = pressure.ask()
    assert isinstance(found, Overloaded)
    assert found.retry_after_ms > 0
    end = 0
    stages.delivery.persister.disk_full = True
    assert isinstance(pressure.ask(), StorageFull)


async def test_the_log_is_trimmed_now_and_then() -> None:
    config = Config(log=Log(retention_records=2))
    config = msgspec.structs.replace(config, log=msgspec.structs.replace(config.log, trim_s=0))
    engines, stages = await joined(config)
    assert engines.log is not None
    for number in range(10):
        engines.log.append(record(number))
    engines.log._commit()
    await engines.store.persist(batch(8))
    async with beside(Trimmer(stages.engines, config).run()):
        while engines.log._partitions[0].first_offset < 6:
            await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await engines.log.read(0, 4, 1)
    assert (await engines.log.read(0, 5, 1)).first_offset == 6


async def test_every_gauge_can_be_read_before_anything_runs() -> None:
    _, stages = await joined(Config())
    values = {name: read() for name, (_, read) in stages.metrics.gauges.items()}
    assert set(values.values()) == {0}
    assert len(values) >= 8
