"""Runs a build and shows its progress in the terminal."""

from datetime import date

from cli.console import console, progress_bar, show_error
from cli.shard_builds import build_side_by_side
from event_lens.settings import Settings
from event_lens.shards import check_shard, count_shards, settings_of_shard
from orchestration.build import build
from orchestration.run_tags import EVERYTHING, RANGE, TOUCHED

BUILT = {TOUCHED: "the changed days from", RANGE: "the days from", EVERYTHING: "everything, from"}


def build_touched(
    settings: Settings,
    *,
    start: date | None = None,
    end: date | None = None,
    is_full_refresh: bool = False,
    shard: int | None = None,
) -> None:
    """Build what landed, a range of days, or everything, and say what was built. Blocks; raises as `build` does. If no
    `shard` is given, all shards are built side by side.
    """
    if shard is None and count_shards(settings) > 1:
        build_side_by_side(settings, start=start, end=end, is_full_refresh=is_full_refresh)
        return
    settings = settings_of_shard(settings, check_shard(settings, shard)) if shard else settings
    with progress_bar("Building the models") as bar:
        result = build(
            settings,
            lambda table, done, total: bar.show(f"Built {table}", done, total),
            start=start,
            end=end,
            is_full_refresh=is_full_refresh,
        )
    for run in result.runs:
        console.print(f"Built {BUILT[run.scope]} {run.start} to {run.end}.")
    if not result.runs:
        console.print("Nothing to build: everything that landed is in the tables.")
    for check in result.failed_checks:
        show_error(f"This check did not pass: {check}")
