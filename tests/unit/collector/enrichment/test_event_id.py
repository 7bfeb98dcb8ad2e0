"""Ids of events: UUIDs that sort by arrival."""

import subprocess
import sys
from itertools import islice
from uuid import UUID

from collector.enrichment.event_id import random_uuids


def test_ids_are_uuids_of_version_8_that_count_up() -> None:
    ids = list(islice(random_uuids(), 5_000))
    assert [int(id[-12:], 16) for id in ids] == list(range(5_000))
    assert {id[:-12] for id in ids} == {ids[0][:-12]}
    assert UUID(ids[0]).version == 8


def test_two_processes_have_other_ids() -> None:
    code = "from collector.enrichment.event_id import random_uuids; print(next(random_uuids()), end='')"
    first, second = (subprocess.check_output([sys.executable, "-c", code], text=True) for _ in range(2))
    assert UUID(first) != UUID(second)
