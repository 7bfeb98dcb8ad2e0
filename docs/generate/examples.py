"""Writes `query/examples.json`, the answers that OpenAPI and the docs show: `python -m docs.generate.examples`.

A test asks for the examples about the tests' projects. This command runs that test and lets it write the answers.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITE = "EVENT_LENS_TESTS_WRITE_EXAMPLES"

if __name__ == "__main__":
    command = [sys.executable, "-m", "pytest", "tests/unit/query/test_answers.py", "-k", "examples_are_answers"]
    sys.exit(subprocess.call(command, cwd=ROOT, env={**os.environ, WRITE: "1"}))
