"""`docs/graph.md`, written from Dagster's definitions."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import dagster as dg

INTRODUCTION = """# What Dagster shows

Every asset by its group, with the assets that it reads and its checks, and whether it is built by day. If a check of
dbt is red, later assets are not built. The checks of `orchestration/assets/checks.py` are yellow, except the check for
missing sessions. This page is written from the definitions by `python -m docs.generate`.
"""


def graph_page(definitions: dg.Definitions) -> str:
    """Return the text of the page: the triggers of runs, and the assets of each group."""
    repository = definitions.get_repository_def()
    checks: dict[dg.AssetKey, list[str]] = defaultdict(list)
    for key in sorted(repository.asset_graph.asset_check_keys):
        checks[key.asset_key].append(key.name)
    starts = [
        *(("job", job.name, job.description or "") for job in repository.get_all_jobs() if job.name[:2] != "__"),
        *(("schedule", each.name, each.description or "") for each in repository.schedule_defs),
        *(("sensor", each.name, each.description or "") for each in repository.sensor_defs),
    ]
    groups: dict[str, list[dg.AssetSpec]] = defaultdict(list)
    for spec in definitions.resolve_all_asset_specs():
        groups[spec.group_name or ""].append(spec)
    return (
        INTRODUCTION
        + "\n| kind | name | what it does |\n| --- | --- | --- |\n"
        + "".join(f"| {kind} | `{name}` | {_one_line(text)} |\n" for kind, name, text in starts)
        + "".join(_group(name, groups[name], checks) for name in sorted(groups))
    )


def _group(name: str, specs: Sequence[dg.AssetSpec], checks: dict[dg.AssetKey, list[str]]) -> str:
    rows = "".join(_asset(spec, checks[spec.key]) for spec in sorted(specs, key=lambda spec: spec.key))
    return f"\n## {name}\n\n| asset | by day | reads | checks |\n| --- | --- | --- | --- |\n{rows}"


def _asset(spec: dg.AssetSpec, checks: Iterable[str]) -> str:
    reads = sorted(_address(dep.asset_key) for dep in spec.deps)
    return (
        f"| `{_address(spec.key)}` | {'yes' if spec.partitions_def else ''} | {_listed(reads)} | {_listed(checks)} |\n"
    )


def _address(key: dg.AssetKey) -> str:
    return ".".join(key.path)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
