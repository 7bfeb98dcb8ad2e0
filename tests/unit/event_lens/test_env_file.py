"""`.env` beside the home: read by every command, the environment wins, a line that cannot be read is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from event_lens.env_file import load_env_file
from event_lens.errors import Refused


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def loaded(tmp_path: Path, **environ: str) -> dict[str, str]:
    all_of_it = {"EVENTLENS_HOME": str(tmp_path / "home"), **environ}
    load_env_file(all_of_it)
    return all_of_it


def test_settings_beside_the_home_are_read_and_the_environment_wins(tmp_path: Path, env_file: Path) -> None:
    env_file.write_text(
        "# ours\n\nEVENTLENS_COLLECTOR_PORT=4002\nexport EVENTLENS_QUERY_PORT = '4003'\nPOSTGRES_PASSWORD=theirs\n"
        'EVENTLENS_RATE_LIMIT=7 # a minute\nEVENTLENS_BASE_PATH="/a b"\nEVENTLENS_DAGSTER_PORT=4000\n'
    )
    assert loaded(tmp_path, EVENTLENS_DAGSTER_PORT="5000") == {
        "EVENTLENS_HOME": str(tmp_path / "home"),
        "EVENTLENS_COLLECTOR_PORT": "4002",
        "EVENTLENS_QUERY_PORT": "4003",
        "EVENTLENS_RATE_LIMIT": "7",
        "EVENTLENS_BASE_PATH": "/a b",
        "EVENTLENS_DAGSTER_PORT": "5000",
    }


def test_without_a_file_nothing_is_added(tmp_path: Path) -> None:
    assert loaded(tmp_path) == {"EVENTLENS_HOME": str(tmp_path / "home")}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n\nEVENTLENS_HOME\n", 3),
        ("EVENTLENS_RATE_LIMIT=1\n# x\n\n'=2\n", 4),
        ('EVENTLENS_A="never ends\n', 1),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_by_its_number(
    tmp_path: Path, env_file: Path, text: str, line: int
) -> None:
    env_file.write_text(text)
    with pytest.raises(Refused, match=rf"\.env: line {line} is not NAME=value"):
        loaded(tmp_path)


def test_a_file_may_lie_elsewhere_and_must_be_there_then(tmp_path: Path) -> None:
    other = tmp_path / "other"
    with pytest.raises(Refused, match="cannot be read"):
        loaded(tmp_path, EVENTLENS_ENV_FILE=str(other))
    other.write_bytes(b"EVENTLENS_RATE_LIMIT=\xff\n")
    with pytest.raises(Refused, match="not text in UTF-8"):
        loaded(tmp_path, EVENTLENS_ENV_FILE=str(other))
    other.write_text("EVENTLENS_RATE_LIMIT=9\n")
    assert loaded(tmp_path, EVENTLENS_ENV_FILE=str(other))["EVENTLENS_RATE_LIMIT"] == "9"


def test_a_command_reads_the_file_of_the_folder_it_is_started_in(tmp_path: Path, env_file: Path) -> None:
    env_file.write_text("EVENTLENS_HOME=elsewhere\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
    listed = [sys.executable, "-m", "cli.main", "project", "list"]
    subprocess.run(listed, cwd=tmp_path, env=environ, check=True, capture_output=True)
    assert (tmp_path / "elsewhere" / "registry.db").exists()
    env_file.write_text("EVENTLENS_HOEM=x\n")
    refused = subprocess.run(listed, cwd=tmp_path, env=environ, check=False, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "EVENTLENS_HOEM" in refused.stderr
