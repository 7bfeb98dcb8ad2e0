"""Runs dbt inside the process of a build. So dbt neither starts a process nor parses again, and it ends with the
build.
"""

import sys
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import dagster as dg
from dagster_dbt import DbtProject
from dagster_dbt.asset_utils import get_updated_cli_invocation_params_for_context
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from dbt.adapters.factory import reset_adapters
from dbt.artifacts.resources.types import NodeType
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt_common.events.base_types import EventMsg
from dbt_common.events.functions import msg_to_dict

from orchestration.assets.translator import TableTranslator
from orchestration.dbt import dbt_flags, parsed_manifest

THREAD = "dbt"
MAX_HALF_REASON = 300
Said = SimpleQueue[EventMsg | dbtRunnerResult]


class DbtFailed(DagsterDbtCliRuntimeError):
    """A failed command of dbt. `nodes` are the models that failed; if every model was built, they are the tests that
    failed.

    `reasons` are the warehouse's messages for each node.
    """

    def __init__(self, message: str, failed: Sequence[Any]) -> None:
        super().__init__(message)
        models = [result for result in failed if result.node.resource_type != NodeType.Test]
        self.nodes = [result.node for result in models or failed]
        self.reasons = [_shortened(str(result.message)) for result in models or failed]


def _shortened(text: str) -> str:
    """Return `text` without its middle, which is SQL: its beginning names the model, its end has the error's code."""
    words = " ".join(text.split())
    return words if len(words) <= 2 * MAX_HALF_REASON else f"{words[:MAX_HALF_REASON]} ... {words[-MAX_HALF_REASON:]}"


def run_dbt(context: dg.AssetExecutionContext, project: DbtProject, args: Sequence[str]) -> Iterator[Any]:
    """Run a command of dbt over the models that the run selected, and yield Dagster's events as they come.

    Raises `DbtFailed` with dbt's message when a model or a test fails.
    """
    chosen = get_updated_cli_invocation_params_for_context(
        context=context, manifest={}, dagster_dbt_translator=TableTranslator()
    )
    target = project.target_path / f"{context.op_execution_context.op.name}-{context.run_id[:7]}-{uuid.uuid4().hex[:7]}"
    selection = [*chosen.selection_args]
    if chosen.indirect_selection:
        selection += ["--indirect-selection", chosen.indirect_selection]
    for event in _events_of([*args, *selection], project, target):
        yield from event.to_default_asset_events(
            manifest=chosen.manifest,
            dagster_dbt_translator=chosen.dagster_dbt_translator,
            context=context,
            target_path=target,
            project=project,
        )


def is_failing(project: DbtProject, args: Sequence[str], target: Path) -> bool:
    """Run a command of dbt without reporting it to Dagster, and return whether a node fails."""
    try:
        for _ in _events_of(args, project, target):
            pass
    except DbtFailed:
        return True
    return False


def _events_of(args: Sequence[str], project: DbtProject, target: Path) -> Iterator[DbtCoreCliEventMessage]:
    """Run a command of dbt in a thread, and yield its events. Raises `DbtFailed`."""
    said: Said = SimpleQueue()
    command = [*args, *dbt_flags(project, target)]
    thread = threading.Thread(target=_invoke, args=(command, project, said), name=THREAD, daemon=True)
    thread.start()
    errors: list[str] = []
    while not isinstance(message := said.get(), dbtRunnerResult):
        event = DbtCoreCliEventMessage(raw_event=msg_to_dict(message), event_history_metadata={})
        sys.stdout.write(f"{event}\n")
        if message.info.level == "error":
            errors.append(str(event))
        yield event
    thread.join()
    sys.stdout.flush()
    if not message.success:
        reasons = [*errors, *([str(message.exception)] if message.exception else [])]
        results = getattr(message.result, "results", None) or []
        raise DbtFailed(
            "\n".join([f"dbt {args[0]} failed; its log is {target / 'dbt.log'}.", *reasons]),
            [result for result in results if result.status in ("error", "fail")],
        )


def is_dbt_running() -> bool:
    """Return whether dbt is at work in this process, even if the step that started it was interrupted."""
    return any(thread.name == THREAD for thread in threading.enumerate())


def _invoke(command: list[str], project: DbtProject, said: Said) -> None:
    """Run dbt. `said` receives dbt's messages for people, and finally its result."""

    def hear(message: EventMsg) -> None:
        if message.info.level != "debug":
            said.put(message)

    result = dbtRunner(parsed_manifest(project), [hear]).invoke(command)
    # dbt keeps the last adapter, and with it a semaphore of the system.
    reset_adapters()  # type: ignore[no-untyped-call]
    said.put(result)
