"""Continues a phase of a build without the projects for which it fails."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import uuid4

import dagster as dg
from dagster_dbt import DbtProject

from event_lens import __version__
from event_lens.clock import now_ms
from event_lens.settings import Settings
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.set_aside import read_set_aside
from orchestration import dbt
from orchestration.assets.noted_checks import finding_of, note_findings
from orchestration.choice import Choice, apply_choice
from orchestration.culprits import Verdict, judge
from orchestration.dbt_run import DbtFailed, is_failing, run_dbt
from orchestration.dbt_sources import newest_source
from orchestration.planning.plan import note_failed, settings_hashes
from orchestration.planning.set_aside import Failure, set_aside
from orchestration.run_tags import EVERYTHING, PROJECT_TAG, scope_of

_PROJECTS = """
    SELECT DISTINCT project_id FROM (
        SELECT project_id FROM lens_raw.project_settings
        UNION ALL SELECT project_id FROM lens_raw.events
        UNION ALL SELECT project_id FROM lens_raw.profile_operations
    )
    ORDER BY project_id
"""
# The part of a statement's time limit for a project on whose try the others wait.
_SHARE_OF_ONE = 8
_TABLES = "SELECT database, name FROM system.tables WHERE startsWith(database, 'lens')"


def program_version() -> str:
    """Return a text that changes when this program or its models change."""
    return f"{__version__} {newest_source(dbt.ROOT)}"


class _Turn(NamedTuple):
    """A command for some projects. A table that is not in `known` was created by an earlier turn; in it, the command
    builds all days of its projects.
    """

    choice: Choice
    known: set[tuple[str, str]] | None = None


def run_apart(
    context: dg.AssetExecutionContext, settings: Settings, project: DbtProject, args: Sequence[str], *, plan_id: str
) -> Iterator[Any]:
    """Run a command of dbt like `run_dbt`. When it fails for some projects, set them aside and run it again without
    them.

    If it fails for several projects together but for none of them alone, it is run for parts of them one after the
    other. Raises `DbtFailed` when the cause is neither the rows nor the definitions of projects.
    """
    said = _Said()
    with connect(settings, "builder") as warehouse, _statements_of(settings, _is_waited_for(warehouse, context)):
        turns = [_Turn(choice_of(warehouse, context.run.tags, plan_id))]
        while turns:
            turn = turns.pop(0)
            apply_choice(warehouse, turn.choice)
            tables = _tables(warehouse)
            told = _args_of(turn, args, tables)
            try:
                yield from said.first(run_dbt(context, project, told), is_one_more=turn.known is not None)
            except DbtFailed as error:
                tried = _projects_of(warehouse, turn.choice)
                with _statements_of(settings, is_short=_took_too_long(error) and len(tried) > 1):
                    verdict = _judged(warehouse, project, context.run_id, told, error, tables, tried)
                if verdict.culprits:
                    _set_aside(warehouse, verdict.culprits, error, told, tables, plan_id)
                is_hopeless = not verdict.culprits and len(verdict.parts) < 2
                if is_hopeless or PROJECT_TAG in context.run.tags:
                    _note(warehouse, context, project, said.checks(), plan_id)
                    yield from said.checks()
                    raise
                if verdict.culprits:
                    context.log.error("Set aside: %s. %s", ", ".join(verdict.culprits), " ".join(error.reasons))
                    left = turn.choice.without(verdict.culprits)
                    turns.insert(0, _Turn(left, turn.known))
                else:
                    context.log.warning("Built in %d parts. %s", len(verdict.parts), " ".join(error.reasons))
                    first, *others = (Choice.only(part) for part in verdict.parts)
                    turns = [_Turn(first, turn.known), *(_Turn(part, turn.known or tables) for part in others), *turns]
            finally:
                apply_choice(warehouse, Choice())
        _note(warehouse, context, project, said.checks(), plan_id)
    yield from said.checks()


@contextmanager
def _statements_of(settings: Settings, is_short: bool) -> Iterator[None]:
    """Limit dbt's statements to the time of the settings, or to a part of that time. The part is for finding the
    project for which a statement takes too long: that needs one try per halving, while all other projects wait.
    """
    seconds = settings.build_statement_seconds
    before = os.environ[dbt.STATEMENT_SECONDS]
    os.environ[dbt.STATEMENT_SECONDS] = str(max(1, seconds // _SHARE_OF_ONE) if is_short else seconds)
    try:
        yield
    finally:
        os.environ[dbt.STATEMENT_SECONDS] = before


def _is_waited_for(warehouse: Warehouse, context: dg.AssetExecutionContext) -> bool:
    """Return whether the run tries a project that was set aside, while other projects wait for their build."""
    return PROJECT_TAG in context.run.tags and len(warehouse.rows(_PROJECTS)) > 1


def _took_too_long(error: DbtFailed) -> bool:
    return any("TIMEOUT_EXCEEDED" in reason for reason in error.reasons)


def _note(
    warehouse: Warehouse,
    context: dg.AssetExecutionContext,
    project: DbtProject,
    checks: Iterable[dg.AssetCheckResult],
    plan_id: str,
) -> None:
    """Note for readers which tests failed. Of a project that is set aside, readers see only that it is set aside."""
    if PROJECT_TAG not in context.run.tags:
        read = dbt.tables_of_tests(project)
        findings = [finding_of(check, read.get(str(check.check_name), ())) for check in checks]
        note_findings(warehouse, findings, f"{plan_id}-{context.op_execution_context.op.name}", now_ms())


def _args_of(turn: _Turn, args: Sequence[str], tables: set[tuple[str, str]]) -> Sequence[str]:
    """Return the command's arguments for a turn. They ask for all days if an earlier turn has just created a table: the
    table has none of the other days of this turn's projects.
    """
    is_whole = turn.known is not None and not tables <= turn.known and "--full-refresh" not in args
    return [*args, "--full-refresh"] if is_whole else args


def _set_aside(
    warehouse: Warehouse,
    culprits: Sequence[str],
    error: DbtFailed,
    args: Sequence[str],
    tables: set[tuple[str, str]],
    plan_id: str,
) -> None:
    names = ", ".join(node.name for node in error.nodes)
    failure = Failure(names, " ".join(error.reasons), plan_id, program_version())
    set_aside(warehouse, culprits, failure, settings_hashes(warehouse), now_ms())
    note_failed(warehouse, culprits, is_whole="--full-refresh" in args or _has_new_table(error, tables))


def choice_of(warehouse: Warehouse, tags: Mapping[str, str], plan_id: str) -> Choice:
    """Return the projects of a run: the project in its tags, which was set aside before, or all projects that are not
    set aside.

    A build of everything tries every project again, and leaves out only the projects for which it fails itself.
    """
    if only := tags.get(PROJECT_TAG):
        return Choice.only([only])
    aside = read_set_aside(warehouse).values()
    is_everything = scope_of(tags) == EVERYTHING
    return Choice.but(one.project_id for one in aside if not is_everything or one.build_id == plan_id)


class _Said:
    """The results of a phase that were reported to Dagster, each table and each check once. Checks are reported at the
    end: a check that fails because of a project passes once that project is set aside.
    """

    def __init__(self) -> None:
        self._outputs: set[str] = set()
        self._checks: dict[tuple[str, str | None], dg.AssetCheckResult] = {}

    def first(self, events: Iterator[Any], *, is_one_more: bool) -> Iterator[Any]:
        """Yield the events that were not reported to Dagster yet, and note checks. With `is_one_more` the events belong
        to a further part of the projects: then a check that failed for an earlier part stays failed.
        """
        for event in events:
            if isinstance(event, dg.AssetCheckResult):
                known = self._checks.get((str(event.asset_key), event.check_name))
                if known is None or known.passed or not is_one_more:
                    self._checks[str(event.asset_key), event.check_name] = event
            elif not isinstance(event, dg.Output):
                yield event
            elif event.output_name not in self._outputs:
                self._outputs.add(event.output_name)
                yield event

    def checks(self) -> Iterator[dg.AssetCheckResult]:
        yield from self._checks.values()


def _projects_of(warehouse: Warehouse, choice: Choice) -> list[str]:
    everybody = {row["project_id"] for row in warehouse.rows(_PROJECTS)}
    return sorted(everybody - choice.projects if choice.is_but else choice.projects)


def _judged(
    warehouse: Warehouse,
    project: DbtProject,
    run_id: str,
    args: Sequence[str],
    error: DbtFailed,
    tables: set[tuple[str, str]],
    tried: Sequence[str],
) -> Verdict:
    """Find out for which of the projects `tried` the failed nodes fail. The result is empty when no node ran."""
    if not error.nodes:
        return Verdict([], [])
    command = "test" if all(node.resource_type == "test" for node in error.nodes) else "run"
    chosen = [command, "--select", *("fqn:" + ".".join(node.fqn) for node in error.nodes)]
    if command == "run" and "--full-refresh" in args:
        chosen.append("--full-refresh")

    def fails_for(projects: Sequence[str]) -> bool:
        target = project.target_path / f"apart-{run_id[:7]}-{uuid4().hex[:7]}"
        apply_choice(warehouse, Choice.only(projects))
        is_bad = is_failing(project, chosen, target)
        _drop_new(warehouse, error, tables)
        return is_bad

    _drop_new(warehouse, error, tables)
    return judge(tried, fails_for)


def _tables(warehouse: Warehouse) -> set[tuple[str, str]]:
    return {(row["database"], row["name"]) for row in warehouse.rows(_TABLES)}


def _has_new_table(error: DbtFailed, tables: set[tuple[str, str]]) -> bool:
    return any((node.schema, node.alias) not in tables for node in error.nodes if node.resource_type == "model")


def _drop_new(warehouse: Warehouse, error: DbtFailed, tables: set[tuple[str, str]]) -> None:
    """Drop tables that the failed command created: partly filled, they would pass for complete."""
    replicas = f' ON CLUSTER "{cluster}"' if (cluster := os.environ.get("EVENTLENS_DBT_CLUSTER")) else ""
    for node in error.nodes:
        if node.resource_type == "model" and (node.schema, node.alias) not in tables:
            warehouse.command(f"DROP TABLE IF EXISTS `{node.schema}`.`{node.alias}`{replicas}")
