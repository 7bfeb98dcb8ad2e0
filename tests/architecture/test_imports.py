"""The house's walls: which package may import which, and who owns which library."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("chdb_server", "cli", "event_lens", "collector", "orchestration", "query")
# The command imports applications inside its functions, so that each command loads only what it needs.
LAZY = ("cli/main.py",)
OWNERS = {
    "aiohttp": ("chdb_server/guard/upstream.py",),
    "chdb": ("chdb_server/", "query/client/lake.py"),
    "clickhouse_connect": ("event_lens/warehouse/",),
    "sqlalchemy": ("event_lens/registry/", "orchestration/event_log.py", "orchestration/sqlite_storage.py"),
    "dbt": ("orchestration/dbt.py", "orchestration/dbt_run.py"),
    "dbt_common": ("orchestration/dbt_run.py",),
    "alembic": ("event_lens/registry/",),
    "litestar": (
        "collector/app.py",
        "collector/http/routes.py",
        "query/app.py",
        "query/http/",
    ),
    "dagster": ("orchestration/",),
    "dagster_dbt": ("orchestration/",),
    "dagster_postgres": ("orchestration/postgres_storage.py",),
    "dagster_webserver": ("orchestration/webserver.py",),
    "grpc": ("orchestration/resident.py",),
    "uvicorn": ("orchestration/webserver.py",),
    "ua_parser": ("collector/enrichment/user_agent.py",),
    "geoip2": ("collector/enrichment/geo.py",),
    "maxminddb": ("collector/enrichment/geo.py",),
    "crawleruseragents": ("collector/enrichment/lists.py",),
    "prometheus_client": ("event_lens/metrics.py",),
    "re2": ("event_lens/contract/regex.py",),
    "ada_url": ("event_lens/contract/host.py",),
    "redis": ("collector/auth/rate_limit_store.py",),
    "structlog": ("event_lens/logs.py",),
    "typer": ("cli/",),
    "rich": ("cli/",),
    # Renders the funnel macro of the dbt project, so that both have one definition.
    "jinja2": ("query/reports/funnel_sql.py",),
    "mcp": ("query/tools.py", "query/unanswered.py", "query/http/assistant.py"),
    "yarl": ("chdb_server/guard/upstream.py",),
    "opentelemetry": ("event_lens/otlp.py",),
    "dotenv": ("event_lens/env_file.py",),
    "multipart": ("chdb_server/guard/form.py",),
    "granian": ("event_lens/asgi.py", "collector/app.py"),
}


def _modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def _imports(path: Path, *, only_top_level: bool = False) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    for node in tree.body if only_top_level else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_package_may(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    package = name.split("/", maxsplit=1)[0]
    may = set(PACKAGES) if package == "cli" and name not in LAZY else {package, "event_lens"}
    imported = {module.split(".")[0] for module in _imports(path, only_top_level=name in LAZY)}
    assert imported & set(PACKAGES) <= may


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_library_is_imported_by_its_owner_only(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    for module in _imports(path):
        owners = OWNERS.get(module.split(".")[0])
        assert owners is None or name.startswith(owners), f"{name} imports {module}, which belongs to {owners}"


def test_no_process_imports_libraries_of_frames_or_migrations_to_start() -> None:
    starting = (
        "cli.main, cli.up, collector.app, query.app, orchestration.serve, orchestration.code_server, chdb_server.server"
    )
    late = {"polars", "duckdb", "pyarrow", "alembic"}
    code = f"import sys, {starting}; print(*({late} & sys.modules.keys()))"
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert imported.stdout.split() == []


def test_a_build_imports_no_library_of_frames() -> None:
    late = {"polars", "duckdb", "pyarrow", "rfc3987_syntax"}
    code = f"import sys, orchestration.definitions, orchestration.build; print(*({late} & sys.modules.keys()))"
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert imported.stdout.split() == []


def test_notebooks_and_sdks_do_not_reach_into_the_applications() -> None:
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert "from collector" not in notebook.read_text()
        assert "from orchestration" not in notebook.read_text()
