"""Runs dbt in this process against the warehouse under test, in the phases of a real build."""

import gc
import json
import os
import warnings
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from dbt.cli.main import dbtRunner, dbtRunnerResult

from event_lens.warehouse.client import Warehouse
from tests.spec.landing import Touched

ROOT = Path(__file__).parents[2]
CHUNK_ENDS = ["2025-12-31", "2026-02-02"]
_MANIFESTS: dict[tuple[str, ...], Any] = {}
OWNER_CHANGES = "select distinct toString(local_day) as day from lens_staging.int_owner_changes"


class Build:
    """Builds of the warehouse at `url`; artifacts and logs go to `folder`."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        # The project is parsed once for each set of variables that it reads while it is parsed, and not again for other
        # vars.
        read = tuple(os.environ.get(name, "") for name in ("DBT_TARGET", "EVENTLENS_DBT_CLUSTER", "EVENTLENS_DBT_LENS"))
        if read not in _MANIFESTS:
            _MANIFESTS[read] = self._invoke(None, "parse").result
        self._manifest = _MANIFESTS[read]

    def over(self, url: str) -> "Build":
        """The same over another warehouse; nothing is parsed again."""
        other = copy(self)
        other._url = url
        return other

    def touched(self, touched: Touched) -> None:
        """An incremental build: facts, the days touched and those whose devices changed owner, then the folds."""
        values = touched.as_vars()
        self.run("--select", "tag:facts", values=values)
        with Warehouse(self._url) as warehouse:
            owner_days = {row["day"] for row in warehouse.rows(OWNER_CHANGES)}
        values["days"] = sorted(owner_days | set(values["days"]))
        self.run("--select", "tag:daily", values=values)
        self.run("--select", "tag:folded", values=values)

    def everything(self, *arguments: str) -> None:
        """A full refresh in one run, in chunks as that of a large history."""
        with patch.dict(os.environ, {"EVENTLENS_DBT_CHUNK_ENDS": json.dumps(CHUNK_ENDS)}):
            self.run("--full-refresh", *arguments)

    def run(self, *arguments: str, values: Mapping[str, object] | None = None) -> None:
        """`dbt build` with `arguments`; fails with what dbt said."""
        command = ("build", "--exclude-resource-type", "unit_test", *arguments)
        self._succeed(*command, "--vars", json.dumps(values or {}))

    def check(self, *tests: str) -> None:
        """`dbt test` of the named tests; fails with those that found something."""
        self._succeed("test", "--select", *tests)

    def unit_tests(self) -> int:
        """`dbt test` of the models' unit tests, which need the tables of a build; returns how many passed."""
        return self._succeed("test", "--select", "test_type:unit")

    def _succeed(self, *command: str) -> int:
        result = self._invoke(self._manifest, *command)
        nodes = getattr(result.result, "results", [])
        failed = [f"{one.node.name}: {one.message}" for one in nodes if one.status in ("error", "fail")]
        assert result.success, f"dbt failed: {result.exception or failed}"
        return len(nodes)

    def compiled(self, sql: str) -> str:
        """`sql` with its macros written out, as dbt would run it."""
        result = self._invoke(self._manifest, "compile", "--inline", sql)
        assert result.success, f"dbt failed: {result.exception}"
        nodes: list[Any] = getattr(result.result, "results", [])
        return str(next(one.node.compiled_code for one in nodes if "inline" in one.node.name))

    def _invoke(self, manifest: Any, *arguments: str) -> dbtRunnerResult:
        address = urlsplit(self._url)
        environment = {
            "EVENTLENS_DBT_HOST": address.hostname or "127.0.0.1",
            "EVENTLENS_DBT_PORT": str(address.port),
            "EVENTLENS_DBT_USER": address.username or "default",
            "EVENTLENS_DBT_PASSWORD": address.password or "",
        }
        command = ["--quiet", "--no-use-colors", *arguments]
        command += ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT / "profiles")]
        command += ["--target-path", str(self._folder / "target"), "--log-path", str(self._folder / "logs")]
        # dbt and its adapter warn about their own dependencies.
        with patch.dict(os.environ, environment), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = dbtRunner(manifest=manifest).invoke(command)
            # dbt leaves its thread pool to the garbage collector, which warns at any later moment.
            gc.collect()
            return result
