"""The list of pages that are written from the code, each with the function that returns its text."""

import os
from collections.abc import Callable
from pathlib import Path

from docs.generate.client import questions_module
from docs.generate.columns import columns_macros
from docs.generate.command_line import command_line_page
from docs.generate.cookbook import cookbook_page
from docs.generate.errors import errors_page
from docs.generate.graph import graph_page
from docs.generate.metrics import metrics_page
from docs.generate.monitoring import monitoring_page
from docs.generate.notebooks import notebooks_page
from docs.generate.reports import reports_page
from docs.generate.settings import env_example, settings_page
from docs.generate.tables import read_manifest, tables_page
from docs.generate.wire import wire_page
from event_lens.settings import read_settings
from orchestration.dbt import dbt_project
from orchestration.definitions import make_definitions

ROOT = Path(__file__).resolve().parents[2]


def _tables() -> str:
    return tables_page(read_manifest(dbt_project(read_settings(os.environ)).manifest_path))


def _graph() -> str:
    return graph_page(make_definitions(read_settings(os.environ)))


PAGES: dict[str, Callable[[], str]] = {
    ".env.example": env_example,
    "dbt_project/macros/columns.sql": columns_macros,
    "docs/command-line.md": command_line_page,
    "docs/cookbook.md": cookbook_page,
    "docs/errors.md": errors_page,
    "docs/graph.md": _graph,
    "docs/metrics.md": metrics_page,
    "docs/monitoring.md": monitoring_page,
    "docs/notebooks.md": notebooks_page,
    "docs/reports.md": reports_page,
    "docs/settings.md": settings_page,
    "docs/tables.md": _tables,
    "docs/wire.md": wire_page,
    "query/client/questions.py": questions_module,
}
