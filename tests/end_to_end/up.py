"""A running `eventlens up` of the tests' own."""

import os
import subprocess
import sys
import time
from pathlib import Path

from event_lens.settings import Settings, read_settings
from tests.ports import free_port

START_SECONDS = 240


class Up:
    """A running `eventlens up` with `more` settings, and its environment."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.home = folder / "home"
        self.output = folder / "output"
        ports = ("WAREHOUSE", "WAREHOUSE_NATIVE", "COLLECTOR", "QUERY", "DAGSTER")
        self.ports = {part: free_port() for part in ports}
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
        self.environ |= {"EVENTLENS_HOME": str(self.home), "COLUMNS": "200"}
        # All other settings come from the file.
        settings = [f"EVENTLENS_{part}_PORT={port}\n" for part, port in self.ports.items()]
        settings += [f"{name}={value}\n" for name, value in more.items()]
        (folder / ".env").write_text("".join([*settings, f"EVENTLENS_LOG_FOLDER={folder / 'logs'}\n"]))
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "up"], env=self.environ, stdout=output, stderr=output, umask=0o022
            )

    @property
    def settings(self) -> Settings:
        ports = {f"EVENTLENS_{part}_PORT": str(port) for part, port in self.ports.items()}
        return read_settings({"EVENTLENS_HOME": str(self.home), **ports})

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli.main", *arguments]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, timeout=120, check=False)

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while text not in self.output.read_text():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.1)
