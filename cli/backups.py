"""`eventlens backup` and `eventlens restore`, whose results are shown in the terminal."""

from contextlib import ExitStack, closing
from datetime import UTC, datetime

import event_lens
from cli.console import console, progress_bar, show_table
from event_lens.backup.place import check_name, shown_place
from event_lens.backup.restore import restore_backup
from event_lens.backup.take import take_backup
from event_lens.file_lock import waited_lock
from event_lens.registry.database import open_registry
from event_lens.settings import Settings
from event_lens.shards import all_shards, settings_of_shard
from orchestration.dagster_home import prepare_dagster_home

LOCK = "build.lock"


def make_backup(settings: Settings, name: str | None, base: str | None) -> None:
    """Make a backup and print its place. Blocks; raises what `take_backup` raises."""
    name = check_name(name or f"{datetime.now(UTC):%Y%m%d-%H%M%S}")
    with closing(open_registry(settings)) as registry, no_build(settings), progress_bar("Copying the warehouse"):
        taken = take_backup(settings, registry, name, base)
    size = sum(shard.byte_count for shard in taken) / 1_000_000
    console.print(f"Backup {name} is in {shown_place(settings)}: {size:,.1f} MB.", highlight=False, soft_wrap=True)
    console.print(f"Into an empty home: eventlens restore {name}", highlight=False)


def restore_from(settings: Settings, name: str) -> None:
    """Restore a backup and print the row count of each table. Blocks; raises what `restore_backup` raises."""
    with closing(open_registry(settings)) as registry, no_build(settings), progress_bar("Restoring"):
        restored = restore_backup(settings, registry, check_name(name))
    show_table("Restored", ("table", "rows"), list(restored.row_counts.items()))
    if restored.erased:
        console.print(f"Erased since the backup, and so here: {restored.erased}. The next build rebuilds their days.")
    if restored.unknown_erasures:
        console.print(
            f"Repeat these erasures, whose people are unknown here: {', '.join(restored.unknown_erasures)}.",
            highlight=False,
        )
    if restored.program != event_lens.__version__:
        console.print(
            f"The backup is of Event Lens {restored.program}. Rebuild its tables: eventlens build --full-refresh",
            highlight=False,
        )


def no_build(settings: Settings) -> ExitStack:
    """Wait for running builds, and make other builds wait until the stack is closed."""
    stack = ExitStack()
    for shard in all_shards(settings):
        stack.enter_context(waited_lock(prepare_dagster_home(settings_of_shard(settings, shard)) / LOCK))
    return stack
