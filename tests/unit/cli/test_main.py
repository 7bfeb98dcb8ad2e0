"""The command: a user's mistake is one plain line and exit code 1 or 2, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ports import free_port


def eventlens(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
    environ |= {
        "EVENTLENS_HOME": str(home),
        "EVENTLENS_WAREHOUSE_PORT": str(free_port()),
        "EVENTLENS_WAREHOUSE_NATIVE_PORT": str(free_port()),
        "COLUMNS": "200",
    }
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        env=environ | settings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "settings", "says"),
    [
        (("project", "show", "nowhere"), {}, "There is no project"),
        (("project", "create", "x", "--timezone", "Mars/Base"), {}, "is not a time zone"),
        (("client", "create", "--project", "nowhere", "--type", "write"), {}, "There is no project"),
        (("client", "revoke", "nobody"), {}, "There is no client"),
        (("import", "access-log", "missing.log", "--project", "p"), {}, "does not exist"),
        (("import", "piwik", __file__, "--project", "p"), {}, "piwik"),
        (("simulate", "--project", "nowhere"), {}, "There is no project"),
        (("build",), {}, "does not answer"),
        (("migrate",), {}, "does not answer"),
        (("build", "--start", "yesterday"), {}, "yesterday"),
        (("project", "list"), {"EVENTLENS_COLLECTOR_PROT": "1"}, "EVENTLENS_COLLECTOR_PROT"),
        (("collector",), {"EVENTLENS_COLLECTOR_PORT": "0"}, "EVENTLENS_COLLECTOR_PORT"),
        (("collector",), {"EVENTLENS_GEOIP_DB": "missing.mmdb"}, "missing.mmdb"),
    ],
)
def test_a_mistake_is_reported_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], settings: dict[str, str], says: str
) -> None:
    done = eventlens(tmp_path / "home", *arguments, **settings)
    assert done.returncode in (1, 2), done.stdout
    assert says in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_newer_home_is_refused(tmp_path: Path) -> None:
    (tmp_path / "format").write_text("999\n")
    done = eventlens(tmp_path, "project", "list")
    assert done.returncode == 1
    assert "newer" in done.stderr


@pytest.mark.parametrize("command", ["up", "dagster"])
def test_dagster_beyond_loopback_without_a_password_is_refused_before_anything_starts(
    tmp_path: Path, command: str
) -> None:
    ports = {f"EVENTLENS_{part}_PORT": str(free_port()) for part in ("COLLECTOR", "QUERY", "DAGSTER")}
    done = eventlens(tmp_path / "home", command, EVENTLENS_HOST="0.0.0.0", **ports)
    assert done.returncode == 1
    assert "EVENTLENS_DAGSTER_PASSWORD" in done.stderr
    assert done.stdout == ""
