"""Dagster's own home inside ours: its runs, its events, its configuration."""

import json
from pathlib import Path

from event_lens.data_dir import prepare_home
from event_lens.errors import Refused
from event_lens.settings import Settings
from event_lens.shards import count_shards

CONFIGURATION = Path(__file__).with_name("dagster.yaml")
# The storage of runs and events; the address of a PostgreSQL is read from the environment, and stored in no file.
SQLITE, POSTGRES = (CONFIGURATION.with_name(f"dagster_{name}.yaml") for name in ("sqlite", "postgres"))
FOLDER = "FOLDER"


def prepare_dagster_home(settings: Settings) -> Path:
    """Create the folder for DAGSTER_HOME, write our configuration into it, and return it.

    Raises `Refused` (`dagster_database_shared`) where several homes would keep their runs in one database.
    """
    if settings.dagster_database_url and count_shards(settings) > 1:
        raise Refused(
            "EVENTLENS_DAGSTER_DATABASE_URL is for a warehouse of one shard: each home of several has its own runs.",
            code="dagster_database_shared",
        )
    folder = prepare_home(settings.home) / "dagster"
    write_configuration(folder, POSTGRES if settings.dagster_database_url else SQLITE)
    return folder


def write_configuration(folder: Path, storage: Path = SQLITE) -> None:
    """Write our configuration for a Dagster whose home is `folder`."""
    lines = [*CONFIGURATION.read_text().splitlines(), *storage.read_text().splitlines()]
    text = "\n".join(_with_folder(line, folder) for line in lines) + "\n"
    path = folder / CONFIGURATION.name
    # Another process may be reading the file.
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def _with_folder(line: str, folder: Path) -> str:
    key, colon, value = line.partition(": ")
    if not value.startswith(f"{FOLDER}/"):
        return line
    # JSON is valid YAML, and quotes paths with a quote or a colon correctly.
    return f"{key}{colon}{json.dumps(str(folder.absolute() / value.removeprefix(f'{FOLDER}/')))}"
