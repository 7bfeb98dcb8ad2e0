"""The `eventlens` command in the process of the tests: the same as a user types it, without the start of a process."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import TextIO
from unittest.mock import patch

from rich.console import Console

from cli.console import console, errors
from cli.main import main


def run_command(environ: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `eventlens` with `arguments`; of the environment's own settings none count. Raises what a user would see."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("EVENTLENS_")}
    out, err, code = StringIO(), StringIO(), 0
    with (
        patch.dict(os.environ, {**others, **environ}, clear=True),
        patch("sys.argv", ["eventlens", *arguments]),
        patch.object(console, "_width", int(environ.get("COLUMNS", "80"))),
        _written_to(console, out),
        _written_to(errors, err),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@contextmanager
def _written_to(console: Console, file: TextIO) -> Iterator[None]:
    before, console.file = console.file, file
    try:
        yield
    finally:
        console.file = before
