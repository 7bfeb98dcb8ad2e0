"""A supervisor over shell commands: `python -m tests.unit.cli.processes.supervised JSON`, of commands by name.

A part is ready when the file NAME.ready is in the working directory. The living processes are in `living.json` there.
"""

import json
import os
import sys
from functools import partial
from pathlib import Path

from cli.processes.log_files import LogFiles
from cli.processes.supervisor import Part, Supervisor
from event_lens.process_id import ProcessId


def write_living(living: dict[str, ProcessId]) -> None:
    draft = Path("living.draft")
    draft.write_text(json.dumps({name: process.pid for name, process in living.items()}))
    draft.replace("living.json")


def main() -> int:
    commands: dict[str, str] = json.loads(sys.argv[1])
    parts = [
        Part(
            name,
            ["sh", "-c", command],
            partial(Path(f"{name}.ready").exists),
            is_last=name == "last",
            is_plain=name != "chatty",
        )
        for name, command in commands.items()
    ]
    supervisor = Supervisor(
        parts,
        os.environ,
        LogFiles(Path("logs")),
        ready_line="READY",
        shows_all=False,
        on_change=write_living,
        on_ready=str,
    )
    return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
