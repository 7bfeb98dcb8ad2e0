"""The dbt project as Dagster sees it: where it lies, how dbt reaches the warehouse, and its parsed manifest."""

import os
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dagster_dbt import DbtProject

from event_lens.settings import Settings
from event_lens.warehouse.access import warehouse_url
from orchestration.file_lock import waited_lock

ROOT = Path(__file__).resolve().parent.parent
DBT = Path(__file__).with_name("dbt_child.py")


def dbt_environment(settings: Settings) -> dict[str, str]:
    """The environment variables that `profiles/profiles.yml` reads, and where dbt may write."""
    address = urlsplit(warehouse_url(settings, "builder"))
    return {
        "EVENTLENS_DBT_HOST": address.hostname or "127.0.0.1",
        "EVENTLENS_DBT_PORT": str(address.port or (8443 if address.scheme == "https" else 8123)),
        "EVENTLENS_DBT_SECURE": "true" if address.scheme == "https" else "false",
        "EVENTLENS_DBT_USER": unquote(address.username or "default"),
        "EVENTLENS_DBT_PASSWORD": unquote(address.password or ""),
        "EVENTLENS_DBT_CLUSTER": settings.warehouse_cluster,
        "EVENTLENS_DBT_MEMORY": str(settings.build_memory_bytes),
        "DBT_TARGET_PATH": str(_target(settings)),
        "DBT_LOG_PATH": str(settings.home / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def dbt_project(settings: Settings) -> DbtProject:
    """The project with an up-to-date manifest; parsing again only when a file of it is newer."""
    os.environ.update(dbt_environment(settings))
    # dagster-dbt starts `dbt` by name: the one beside this Python, whether or not its folder is on the path.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    project = DbtProject(
        project_dir=ROOT,
        profiles_dir=ROOT / "profiles",
        target=_connection(settings),
        target_path=_target(settings),
        prepare_project_cli_args=["parse", "--quiet"],
    )
    # The page's code server and the daemon's start at once: one parses, and neither reads a manifest half written.
    with waited_lock(_target(settings) / "parse.lock"):
        if not project.manifest_path.exists() or project.manifest_path.stat().st_mtime < _newest_source():
            project.preparer.prepare(project)
    return project


def _connection(settings: Settings) -> str:
    """The target of `profiles/profiles.yml`."""
    if settings.is_embedded:
        return "embedded"
    return "cluster" if settings.warehouse_cluster else "server"


def _target(settings: Settings) -> Path:
    """One for each address, because dbt parses everything again when its connection differs from the last parse's."""
    address = urlsplit(warehouse_url(settings, "builder"))
    return settings.home / "dagster" / "dbt" / f"{address.hostname}-{address.port}"


def _newest_source() -> float:
    sources = [ROOT / "dbt_project.yml", *(ROOT / "profiles").iterdir()]
    for folder in ("models", "macros", "seeds", "tests"):
        sources.extend(path for path in (ROOT / "dbt_project" / folder).rglob("*") if path.is_file())
    return max(path.stat().st_mtime for path in sources)
