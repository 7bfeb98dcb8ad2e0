"""Saves the pictures that the notebooks draw, for the docs: `python -m docs.generate.pictures`.

A test runs the notebooks. This command runs that test and lets it save the pictures.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITE = "EVENT_LENS_TESTS_WRITE_PICTURES"

if __name__ == "__main__":
    command = [sys.executable, "-m", "pytest", "tests/unit/query/test_notebooks.py", "-k", "draws_what"]
    sys.exit(subprocess.call(command, cwd=ROOT, env={**os.environ, WRITE: "1"}))
