"""The dbt project for Dagster: its folder, its connection to the warehouse, and its parsed manifest."""

import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from dagster_dbt import DbtProject
from dbt.adapters.factory import reset_adapters
from dbt.artifacts.resources.types import NodeType
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from event_lens.errors import Broken
from event_lens.file_lock import waited_lock
from event_lens.settings import Settings
from event_lens.shards import SPANNING, cluster_of_replicas, shard_of_home, tables_database
from event_lens.warehouse.access import warehouse_url
from orchestration.dbt_sources import newest_source

STATEMENT_SECONDS = "EVENTLENS_DBT_STATEMENT_SECONDS"
ROOT = Path(__file__).resolve().parent.parent


class _Parsed(NamedTuple):
    """A manifest, and the time at which its file was written."""

    written: float
    manifest: Manifest


_PARSED: dict[Path, _Parsed] = {}
"""The manifest that this process parsed last, by dbt's folder; one manifest at most."""


def dbt_environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables that `profiles/profiles.yml` reads, and the variables that name the folders dbt
    may write to.
    """
    address = urlsplit(warehouse_url(settings, "builder"))
    return {
        "EVENTLENS_DBT_HOST": address.hostname or "127.0.0.1",
        "EVENTLENS_DBT_PORT": str(address.port or (8443 if address.scheme == "https" else 8123)),
        "EVENTLENS_DBT_SECURE": "true" if address.scheme == "https" else "false",
        "EVENTLENS_DBT_USER": unquote(address.username or "default"),
        "EVENTLENS_DBT_PASSWORD": unquote(address.password or ""),
        "EVENTLENS_DBT_CLUSTER": _replicas(settings),
        "EVENTLENS_DBT_LENS": tables_database(settings),
        "EVENTLENS_DBT_MEMORY": str(settings.build_memory_bytes),
        STATEMENT_SECONDS: str(settings.build_statement_seconds),
        "DBT_TARGET_PATH": str(_target(settings)),
        "DBT_LOG_PATH": str(settings.home / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def dbt_project(settings: Settings) -> DbtProject:
    """Return the project with an up-to-date manifest. Parses only when a file of the project is newer."""
    os.environ.update(dbt_environment(settings))
    project = DbtProject(
        project_dir=ROOT,
        profiles_dir=ROOT / "profiles",
        target=_connection(settings),
        target_path=_target(settings),
    )
    # Of two processes that start at once, one parses, and neither reads a partly written manifest.
    with waited_lock(_target(settings) / "parse.lock"):
        if not project.manifest_path.exists() or project.manifest_path.stat().st_mtime < newest_source(ROOT):
            _keep(project, _parse(dbt_flags(project, project.target_path)))
    return project


def dbt_flags(project: DbtProject, target: Path) -> list[str]:
    """Return the flags of every dbt command: the folder of the project, the folder that dbt writes to, and that dbt
    prints nothing.
    """
    return [
        *("--project-dir", str(project.project_dir)),
        *("--profiles-dir", str(project.profiles_dir)),
        *("--target", str(project.target)),
        *("--target-path", str(target)),
        *("--log-path", str(target)),
        *("--log-level", "none"),
        "--no-use-colors",
    ]


def parsed_manifest(project: DbtProject) -> Manifest:
    """Return dbt's own in-memory manifest. A process reads it once, until a file of the project changes."""
    written = project.manifest_path.stat().st_mtime
    kept = _PARSED.get(project.target_path)
    if kept is None or kept.written != written:
        kept = _keep(project, _parse([*dbt_flags(project, project.target_path), "--no-write-json"]))
    return kept.manifest


def tables_of_tests(project: DbtProject) -> dict[str, list[str]]:
    """Map the name of each test to the names of the tables that it reads."""
    nodes = parsed_manifest(project).nodes
    return {
        test.name: [nodes[read].alias for read in test.depends_on_nodes if read in nodes]
        for test in nodes.values()
        if test.resource_type == NodeType.Test
    }


def _keep(project: DbtProject, manifest: Manifest) -> _Parsed:
    """Cache `manifest` as the manifest of the current file, in place of any cached one."""
    _PARSED.clear()
    parsed = _PARSED[project.target_path] = _Parsed(project.manifest_path.stat().st_mtime, manifest)
    return parsed


def _parse(flags: list[str]) -> Manifest:
    parsed = dbtRunner().invoke(["parse", *flags])
    # dbt keeps the last adapter, and with it a semaphore of the system.
    reset_adapters()  # type: ignore[no-untyped-call]
    if not isinstance(parsed.result, Manifest):
        raise Broken(f"The models of dbt_project/ cannot be parsed: {parsed.exception}", code="models_unparsable")
    return parsed.result


def run_dbt(arguments: list[str]) -> str:
    """Run a command of dbt in this process; return '', or the reason of its failure."""
    done = dbtRunner().invoke(arguments)
    reset_adapters()  # type: ignore[no-untyped-call]
    return "" if done.success else str(done.exception or "see its log in the home")


def _connection(settings: Settings) -> str:
    """Return the name of the target in `profiles/profiles.yml`."""
    if settings.is_embedded:
        return "embedded"
    return "cluster" if _replicas(settings) else "server"


def _replicas(settings: Settings) -> str:
    return cluster_of_replicas(settings, shard_of_home(settings))


def _target(settings: Settings) -> Path:
    """Return the folder of dbt's files. Each address of a warehouse has its own folder, because dbt parses everything
    again when the connection has changed.
    """
    address, database = urlsplit(warehouse_url(settings, "builder")), tables_database(settings)
    kind = "" if database == SPANNING else f"-{database}"
    return settings.home / "dagster" / "dbt" / f"{address.hostname}-{address.port}{kind}"
