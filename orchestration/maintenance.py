"""Jobs besides builds that a person starts from Dagster's page: backup, lake, quarantine."""

import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from pydantic import Field

from event_lens.backup.place import check_name, shown_place
from event_lens.backup.take import take_backup
from event_lens.errors import Broken
from event_lens.lake.export import export_lake
from event_lens.registry.database import open_registry
from event_lens.settings import Settings
from orchestration.build_lock import build_lock

# The job waits for running builds, and builds wait for the job.
_ALONE = {"build_lock"}


class BackupConfig(dg.Config):
    """The form of the job `backup`."""

    name: str = Field("", description="The backup's name; empty: the time.")
    base: str = Field("", description="Another backup: only what changed since is copied.")


class LakeConfig(dg.Config):
    """The form of the job `export_lake`."""

    folder: str = Field("", description="Where to; empty: `lake` in the home.")


class ReplayConfig(dg.Config):
    """The form of the job `replay_quarantine`."""

    project: str = Field(description="Whose rows.")
    codes: list[str] = Field([], description="Reasons; empty: all.")
    start: str = Field("", description="The first UTC day of receipt, as 2026-01-31; empty: from the beginning.")
    end: str = Field("", description="The last one; empty: today.")


def maintenance_jobs(settings: Settings) -> list[dg.JobDefinition]:
    """Return the jobs `backup`, `export_lake` and `replay_quarantine`; each does what the command of that name does."""

    @dg.op(required_resource_keys=_ALONE, name="backup", out=dg.Out(dg.Nothing))
    def make_backup(context: dg.OpExecutionContext, config: BackupConfig) -> None:
        name = check_name(config.name or f"{datetime.now(UTC):%Y%m%d-%H%M%S}")
        with closing(open_registry(settings)) as registry:
            taken = take_backup(settings, registry, name, config.base or None)
        size = sum(shard.byte_count for shard in taken)
        context.log.info("Backup %s is in %s: %d bytes.", name, shown_place(settings), size)

    @dg.op(required_resource_keys=_ALONE, name="export_lake", out=dg.Out(dg.Nothing))
    def write_lake(context: dg.OpExecutionContext, config: LakeConfig) -> None:
        lake = Path(config.folder).expanduser() if config.folder else settings.home / "lake"
        done = export_lake(settings, lake)
        context.log.info("Wrote %d files to %s, removed %d.", done.written, lake, done.removed)

    @dg.op(name="replay_quarantine", out=dg.Out(dg.Nothing))
    def replay(context: dg.OpExecutionContext, config: ReplayConfig) -> None:
        arguments = ["--project", config.project, *(part for code in config.codes for part in ("--code", code))]
        arguments += ["--start", config.start] if config.start else []
        arguments += ["--end", config.end] if config.end else []
        # Orchestration may not import the collector; replayed rows land, and the sensor builds them.
        command = [sys.executable, "-m", "cli.main", "quarantine", "replay", "--no-build", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        context.log.info(done.stdout)
        if done.returncode:
            raise Broken(done.stderr.strip() or done.stdout.strip(), code="replay_failed")

    return [
        _job(make_backup, "Copies warehouse and registry to the place of the backups (EVENTLENS_BACKUPS)."),
        _job(write_lake, "Writes the public tables that changed as Parquet files by project and day."),
        _job(replay, "Takes refused events through today's rules again; what passes counts once."),
    ]


def _job(op: dg.OpDefinition, description: str) -> dg.JobDefinition:
    graph = dg.GraphDefinition(name=op.name + "_steps", node_defs=[op])
    return graph.to_job(
        name=op.name,
        description=description,
        resource_defs={"build_lock": build_lock} if op.required_resource_keys else {},
        executor_def=dg.in_process_executor,
    )
