"""`make demo` as a newcomer runs it, with less traffic."""

import os
import subprocess
import sys
from pathlib import Path

from chdb_server.data_folder import owned


def demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "demo", *arguments],
        cwd=folder,
        env=environ | {"COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_demo_prints_every_answer_and_leaves_no_process(tmp_path: Path) -> None:
    done = demo(tmp_path, "--events", "600", "--days", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    for title in ("Metrics of 3 days", "By day", "Top pages", "Sources", "Devices", "Funnel", "Retention", "Ledger"):
        assert title in done.stdout
    assert "600 sent = 600 in the ledger" in done.stdout
    assert "http://127.0.0.1:3003/#token=" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    with owned(tmp_path / ".eventlens-demo" / "warehouse"):
        pass  # nobody serves it any more


def test_the_demo_refuses_a_home_in_use_and_a_folder_that_is_not_a_demos_home(tmp_path: Path) -> None:
    home = tmp_path / ".eventlens-demo"
    home.mkdir()
    kept = home / "thesis.txt"
    kept.write_text("mine")
    refused = demo(tmp_path)
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
    assert kept.read_text() == "mine"
    kept.unlink()
    (home / "format").write_text("1\n")
    with owned(home / "warehouse"):
        in_use = demo(tmp_path)
    assert in_use.returncode == 1
    assert "held by another process" in in_use.stderr
    assert (home / "format").exists()
