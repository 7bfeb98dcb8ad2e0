"""The warehouse, the disk or the files run out under load: nothing acknowledged is lost, and it goes on afterwards."""

from pathlib import Path

import pytest

from tests.crashes import outages


def test_an_outage_of_the_warehouse_loses_and_doubles_nothing(tmp_path: Path) -> None:
    verdict = outages.warehouse_away(tmp_path, seconds=2.0)
    assert verdict.is_good, verdict
    assert verdict.counted == verdict.sent


def test_a_spool_at_its_limit_refuses_and_takes_again_when_it_has_landed(tmp_path: Path) -> None:
    verdict = outages.spool_limit_reached(tmp_path)
    assert verdict.is_good, verdict


def test_a_full_disk_refuses_and_corrupts_nothing(tmp_path: Path) -> None:
    if not outages.can_mount():
        pytest.skip("a small disk is mounted for this, which needs root")
    verdict = outages.disk_full(tmp_path)
    assert verdict.is_good, verdict


def test_a_collector_that_can_open_no_file_refuses_and_recovers(tmp_path: Path) -> None:
    verdict = outages.files_exhausted(tmp_path)
    assert verdict.is_good, verdict
