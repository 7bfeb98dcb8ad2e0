"""Dagster's own home inside ours: its runs, its events, its configuration."""

import os
import shutil
from pathlib import Path

import dagster as dg

from event_lens.settings import Settings

CONFIGURATION = Path(__file__).with_name("dagster.yaml")


def prepare_dagster_home(settings: Settings) -> Path:
    """The folder for DAGSTER_HOME, our configuration in it; set in the environment too, for Dagster's processes."""
    folder = settings.home / "dagster"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(CONFIGURATION, folder / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder


def open_instance(settings: Settings) -> dg.DagsterInstance:
    prepare_dagster_home(settings)
    return dg.DagsterInstance.get()
