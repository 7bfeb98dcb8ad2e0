"""`eventlens notebook` and `eventlens docs` as a newcomer runs them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.model_docs import serve_folder


def test_a_folder_without_a_home_is_refused_in_a_sentence(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "notebook", "--no-browser"],
        env=environ | {"EVENTLENS_HOME": str(tmp_path / "none"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "`make demo` makes one" in done.stderr


def test_a_folder_is_served_on_this_machine_alone(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("lineage")
    told: list[str] = []

    def ask(line: str) -> None:
        told.append(line)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve_folder(tmp_path, 0, ask)
    assert told[0].startswith("http://127.0.0.1:")
