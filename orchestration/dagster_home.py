"""Dagster's own home inside ours: its runs, its events, its configuration."""

import shutil
from pathlib import Path

from event_lens.data_dir import prepare_home
from event_lens.settings import Settings

CONFIGURATION = Path(__file__).with_name("dagster.yaml")


def prepare_dagster_home(settings: Settings) -> Path:
    """The folder for DAGSTER_HOME, with our configuration in it."""
    folder = prepare_home(settings.home) / "dagster"
    shutil.copyfile(CONFIGURATION, folder / "dagster.yaml")
    return folder
