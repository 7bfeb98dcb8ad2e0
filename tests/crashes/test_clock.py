"""A wall clock that stands still or steps back by a day disturbs neither names, nor sealing, nor landing."""

import asyncio
from pathlib import Path
from uuid import uuid4

from collector.loading.writer import Writer
from collector.spool.directory import open_directory
from collector.spool.segment import SegmentName
from collector.spool.spool import Spool
from event_lens.clock import now_ms
from event_lens.contract.encoded_row import line_of
from event_lens.contract.rows import EventRow, timestamp
from event_lens.warehouse.client import Warehouse

DAY_MS = 86_400_000


def test_a_clock_that_steps_back_loses_and_mixes_up_nothing(tmp_path: Path, warehouse: Warehouse) -> None:
    project_id = f"clock-{uuid4().hex[:12]}"
    start_ms = now_ms()
    moments = iter([start_ms, start_ms, start_ms, start_ms - DAY_MS, start_ms - DAY_MS, 0, start_ms])
    sealed: list[SegmentName] = []

    def clock() -> int:
        return next(moments, start_ms)

    async def run() -> None:
        folder = open_directory(tmp_path / "spool")
        writer = Writer(folder, warehouse, clock=lambda: start_ms - DAY_MS)

        def on_sealed(name: SegmentName) -> None:
            sealed.append(name)
            writer.append(name)

        spool = Spool(
            folder, seal_after_rows=2, seal_after_seconds=2, max_bytes=1 << 30, on_sealed=on_sealed, clock=clock
        )
        writer.start()
        moment = timestamp(start_ms)
        for number in range(13):
            row = EventRow(str(uuid4()), project_id, "a", "d", "client", moment, moment, message_id=str(number))
            await spool.append([line_of(row)])
        while len(sealed) < 7:  # noqa: ASYNC110  (only the last is sealed by its age)
            await asyncio.sleep(0.01)
        spool.close()
        assert await spool.join(5)
        writer.close(drain=True)
        assert await asyncio.to_thread(writer.join, 20)
        assert folder.sealed() == []
        folder.close()

    asyncio.run(asyncio.wait_for(run(), 60))
    assert len({name.segment_id for name in sealed}) == 7
    assert warehouse.rows(
        "SELECT count() AS row_count, uniqExact(message_id) AS ids FROM lens_raw.events WHERE project_id = {p:String}",
        {"p": project_id},
    ) == [{"row_count": 13, "ids": 13}]
    assert (
        warehouse.value(
            "SELECT sum(row_count) FROM lens_raw.batches WHERE batch_id IN {ids:Array(String)}",
            {"ids": [name.segment_id for name in sealed]},
        )
        == 13
    )
