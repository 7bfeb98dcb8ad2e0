"""Collectors that end: in order, killed beside a sibling, as one of several workers, and with a damaged disk."""

from pathlib import Path

from tests.crashes import crashes


def test_a_collector_told_to_stop_under_load_drains_or_leaves_everything_on_disk(tmp_path: Path) -> None:
    verdict = crashes.stopped_under_load(tmp_path)
    assert verdict.is_good, verdict


def test_a_living_collector_takes_over_the_segments_of_a_killed_collector(tmp_path: Path) -> None:
    verdict = crashes.two_collectors_on_one_home(tmp_path)
    assert verdict.is_good, verdict


def test_a_killed_worker_is_replaced_and_its_segments_land(tmp_path: Path) -> None:
    verdict = crashes.one_of_several_workers_killed(tmp_path)
    assert verdict.is_good, verdict


def test_a_collector_whose_workers_keep_dying_fails_and_loses_nothing(tmp_path: Path) -> None:
    verdict = crashes.workers_that_keep_dying(tmp_path)
    assert verdict.is_good, verdict


def test_damaged_segments_are_reported_and_their_whole_lines_land(tmp_path: Path) -> None:
    damage = crashes.damaged_segments(tmp_path)
    verdict = damage.verdict
    assert (verdict.acknowledged, verdict.counted, verdict.lost) == (80, 79, 1)  # the line with the flipped bit
    assert verdict.twice == verdict.wrong_batches == 0
    assert sorted(content[:4] for content in damage.set_aside.values()) == [b"", b"of a", b'{"_c']
    assert {name: damage.metrics[f"eventlens_spool_{name}_total"] for name in ("corrupt_lines", "torn_tails")} == {
        "corrupt_lines": 1,
        "torn_tails": 2,
    }
    assert damage.metrics["eventlens_spool_foreign_files_total"] == 2
    assert {"torn_tail_cut_off", "corrupt_lines_set_aside", "foreign_file_set_aside"} <= set(damage.events)
