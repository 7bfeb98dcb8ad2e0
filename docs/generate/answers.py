"""Writes `docs/answers.json`, the answers that the cookbook and the page of tables show: `python -m
docs.generate.answers`.

A test asks the questions about the tests' projects. This command runs that test and lets it write the answers.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITE = "EVENT_LENS_TESTS_WRITE_ANSWERS"

if __name__ == "__main__":
    command = [sys.executable, "-m", "pytest", "tests/unit/query/test_sql_questions.py", "-k", "answers_are_written"]
    sys.exit(subprocess.call(command, cwd=ROOT, env={**os.environ, WRITE: "1"}))
