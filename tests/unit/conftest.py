"""A registry on a database file of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from event_lens.registry.database import Registry, open_registry
from event_lens.settings import Settings, read_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"EVENTLENS_HOME": str(tmp_path / "home")})


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    opened = open_registry(settings)
    yield opened
    opened.close()
