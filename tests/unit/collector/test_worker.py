"""Real processes, killed: what was acknowledged is in the warehouse once."""

import json
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from event_lens.warehouse.client import Warehouse
from tests.ports import free_port
from tests.unit.collector.conftest import WITHIN_SECONDS, CollectorProcess


def landed_messages(warehouse: Warehouse, collector: CollectorProcess) -> list[str]:
    rows = warehouse.rows(
        "SELECT message_id FROM lens_raw.events WHERE project_id = {id:String} ORDER BY message_id",
        {"id": collector.project_id},
    )
    return [row["message_id"] for row in rows]


def send(collector: CollectorProcess, prefix: str, count: int) -> list[str]:
    """Messages by several senders at once; returns those acknowledged."""

    def one(number: int) -> str:
        message = f"{prefix}-{number:05d}"
        try:
            answer = collector.track("crash", messageId=message, deviceId="d")
        except httpx.TransportError:
            return ""
        return message if answer.status_code == 200 else ""

    with ThreadPoolExecutor(8) as pool:
        return [message for message in pool.map(one, range(count)) if message]


def test_a_collector_killed_between_answer_and_insert_loses_nothing(
    start_collector: Callable[..., CollectorProcess], warehouse_url: str, warehouse: Warehouse
) -> None:
    collector = start_collector(f"http://127.0.0.1:{free_port()}")
    before = send(collector, "before", 60)
    assert len(before) == 60
    collector.kill()
    collector.restart(EVENTLENS_WAREHOUSE_URL=warehouse_url)
    after = send(collector, "after", 20)
    collector.wait_until_landed()
    assert landed_messages(warehouse, collector) == sorted(before + after)


def test_a_collector_killed_under_load_counts_everything_once(
    start_collector: Callable[..., CollectorProcess], warehouse_url: str, warehouse: Warehouse
) -> None:
    collector = start_collector(warehouse_url, EVENTLENS_BATCH_SECONDS="0.02")
    acknowledged: list[str] = []
    for round_number in range(3):
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(send, collector, f"round-{round_number}", 80)
            time.sleep(0.15 + 0.05 * round_number)  # somewhere in the middle; any moment will do
            collector.kill()
            acknowledged += sending.result()
        collector.restart()
    collector.wait_until_landed()
    landed = landed_messages(warehouse, collector)
    assert len(landed) == len(set(landed))
    assert set(acknowledged) <= set(landed)
    counted = warehouse.value(
        "SELECT sum(row_count) FROM lens_raw.batches WHERE table_name = 'lens_raw.events' AND batch_id IN "
        "(SELECT batch_id FROM lens_raw.events WHERE project_id = {id:String})",
        {"id": collector.project_id},
    )
    assert counted == len(landed)


def test_a_stopped_collector_drains_and_leaves_no_folder(
    start_collector: Callable[..., CollectorProcess], warehouse_url: str, warehouse: Warehouse
) -> None:
    collector = start_collector(warehouse_url, EVENTLENS_BATCH_SECONDS="60")
    acknowledged = send(collector, "stop", 10)
    assert collector.pending() == 10
    collector.process.send_signal(signal.SIGTERM)
    assert collector.process.wait(WITHIN_SECONDS) == 0
    assert landed_messages(warehouse, collector) == acknowledged
    assert [path.name for path in (collector.home / "spool").iterdir()] == ["lock"]


def test_several_workers_have_folders_of_their_own_and_a_dead_one_is_replaced(
    start_collector: Callable[..., CollectorProcess], warehouse_url: str, warehouse: Warehouse
) -> None:
    collector = start_collector(
        warehouse_url, EVENTLENS_COLLECTOR_WORKERS="2", EVENTLENS_BATCH_SECONDS="60", EVENTLENS_BATCH_EVENTS="100000"
    )
    deadline = time.monotonic() + WITHIN_SECONDS
    # The collector is ready as soon as one of its workers is.
    while len(folders := sorted((collector.home / "spool").glob("worker-*"))) < 2:
        assert time.monotonic() < deadline, collector.log.read_text()
        time.sleep(0.05)
    assert len(folders) == 2
    acknowledged = send(collector, "workers", 60)
    assert len(acknowledged) == 60
    assert collector.pending() == 60
    killed = max(folders, key=lambda folder: sum(path.stat().st_size for path in folder.iterdir()))
    os.kill(int(killed.name.split("-")[1]), signal.SIGKILL)
    deadline = time.monotonic() + WITHIN_SECONDS
    while killed.exists():
        assert time.monotonic() < deadline, collector.log.read_text()
        time.sleep(0.05)
    collector.stop()
    assert landed_messages(warehouse, collector) == sorted(acknowledged)
    events = [json.loads(line)["event"] for line in collector.log.read_text().splitlines() if line.startswith("{")]
    assert "folder_adopted" in events
