"""Builds all shards side by side, each in a process of its own that does not depend on the others."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from cli.console import console, show_error
from event_lens.errors import Broken
from event_lens.settings import Settings
from event_lens.shards import all_shards


def build_side_by_side(settings: Settings, *, start: date | None, end: date | None, is_full_refresh: bool) -> None:
    """Run `eventlens build` for each shard and show the output of each; blocks.

    A build that fails does not stop the others, and its planned days stay unbuilt. At the end `Broken` (`build_failed`)
    is raised if a build has failed.
    """
    days = {"--start": start, "--end": end}
    arguments = [text for flag, day in days.items() if day for text in (flag, day.isoformat())]
    arguments += ["--full-refresh"] if is_full_refresh else []

    def run(shard: int) -> int:
        command = [sys.executable, "-m", "cli.main", "build", *arguments, "--shard", str(shard)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        show = show_error if done.returncode else console.print
        for line in done.stdout.splitlines():
            show(f"Shard {shard}: {line}")
        return done.returncode

    shards = all_shards(settings)
    with ThreadPoolExecutor(len(shards)) as threads:
        failed = [shard for shard, code in zip(shards, threads.map(run, shards), strict=True) if code]
    if failed:
        raise Broken(
            f"The build of shard {', '.join(map(str, failed))} failed; its output is above. What it planned stays "
            "unbuilt until a build succeeds: mend the cause, then run `eventlens build` again.",
            code="build_failed",
        )
