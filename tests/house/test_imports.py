"""The house's walls: which package may import which, and who owns which library (DESIGN, section 1)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("event_lens", "collector", "orchestration", "query")
# The command imports applications inside its functions, so that each command loads only what it needs.
LAZY = ("event_lens/cli.py",)
OWNERS = {
    "chdb": ("event_lens/warehouse/",),
    "clickhouse_connect": ("event_lens/warehouse/",),
    "sqlalchemy": ("event_lens/registry/",),
    "alembic": ("event_lens/registry/",),
    "litestar": (
        "collector/app.py",
        "collector/routes",
        "query/app.py",
        "query/routes",
        "event_lens/warehouse/embedded/",
    ),
    "dagster": ("orchestration/",),
    "dagster_dbt": ("orchestration/",),
    "dagster_webserver": ("orchestration/webserver.py",),
    "uvicorn": ("orchestration/webserver.py",),
    "ua_parser": ("collector/user_agent.py",),
    "geoip2": ("collector/geo.py",),
    "maxminddb": ("collector/geo.py",),
    "crawleruseragents": ("collector/bots.py",),
    "prometheus_client": ("event_lens/metrics.py",),
    "re2": ("event_lens/contract/pattern.py",),
    "ada_url": ("event_lens/contract/host.py",),
    "redis": ("collector/shared_counts.py",),
    "structlog": ("event_lens/logs.py",),
    "typer": ("event_lens/cli",),
    "rich": ("event_lens/terminal.py", "event_lens/cli"),
    # Renders the funnel macro of the dbt project, so that both have one definition.
    "jinja2": ("query/attempts.py",),
    "honcho": ("event_lens/up.py",),
    "multipart": ("event_lens/warehouse/embedded/form.py",),
    "granian": ("event_lens/serving.py", "collector/app.py"),
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
    may = {package, "event_lens"}
    imported = {module.split(".")[0] for module in _imports(path, only_top_level=name in LAZY)}
    assert imported & set(PACKAGES) <= may


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_library_is_imported_by_its_owner_only(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    for module in _imports(path):
        owners = OWNERS.get(module.split(".")[0])
        assert owners is None or name.startswith(owners), f"{name} imports {module}, which belongs to {owners}"


def test_notebooks_and_sdks_do_not_reach_into_the_applications() -> None:
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert "from collector" not in notebook.read_text()
        assert "from orchestration" not in notebook.read_text()
