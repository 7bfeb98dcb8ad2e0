"""dbt in the process of a build: nothing to start and to parse again, and it ends when the build's process does."""

import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Any

import dagster as dg
from dagster_dbt import DbtProject
from dagster_dbt.asset_utils import get_updated_cli_invocation_params_for_context
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from dbt.adapters.factory import reset_adapters
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt_common.events.base_types import EventMsg
from dbt_common.events.functions import msg_to_dict

from orchestration.assets.translator import TableTranslator
from orchestration.dbt import dbt_flags, parsed_manifest

THREAD = "dbt"
Said = SimpleQueue[EventMsg | dbtRunnerResult]
Note = Callable[[dg.Output[Any]], dg.Output[Any]]


def run_dbt(
    context: dg.AssetExecutionContext, project: DbtProject, args: Sequence[str], note: Note = lambda built: built
) -> Iterator[Any]:
    """Runs a command of dbt over what the run selected, and yields Dagster's events while it goes on.

    `note` adds to what is shown of a table that was built.
    Raises `DagsterDbtCliRuntimeError` with what dbt said when a model or a test fails.
    """
    chosen = get_updated_cli_invocation_params_for_context(
        context=context, manifest={}, dagster_dbt_translator=TableTranslator()
    )
    target = project.target_path / f"{context.op_execution_context.op.name}-{context.run_id[:7]}-{uuid.uuid4().hex[:7]}"
    selection = [*chosen.selection_args]
    if chosen.indirect_selection:
        selection += ["--indirect-selection", chosen.indirect_selection]
    said: Said = SimpleQueue()
    command = [*args, *selection, *dbt_flags(project, target)]
    thread = threading.Thread(target=_invoke, args=(command, project, said), name=THREAD, daemon=True)
    thread.start()
    errors: list[str] = []
    while not isinstance(message := said.get(), dbtRunnerResult):
        event = DbtCoreCliEventMessage(raw_event=msg_to_dict(message), event_history_metadata={})
        sys.stdout.write(f"{event}\n")
        if message.info.level == "error":
            errors.append(str(event))
        for found in event.to_default_asset_events(
            manifest=chosen.manifest,
            dagster_dbt_translator=chosen.dagster_dbt_translator,
            context=context,
            target_path=target,
            project=project,
        ):
            yield note(found) if isinstance(found, dg.Output) else found
    thread.join()
    sys.stdout.flush()
    if not message.success:
        reasons = [*errors, *([str(message.exception)] if message.exception else [])]
        raise DagsterDbtCliRuntimeError(
            "\n".join([f"dbt {args[0]} failed; its log is {target / 'dbt.log'}.", *reasons])
        )


def is_dbt_running() -> bool:
    """Returns whether dbt is at work in this process, be it that the step which started it was interrupted."""
    return any(thread.name == THREAD for thread in threading.enumerate())


def _invoke(command: list[str], project: DbtProject, said: Said) -> None:
    """Runs dbt; `said` gets what it says to people, and its result at last."""

    def hear(message: EventMsg) -> None:
        if message.info.level != "debug":
            said.put(message)

    result = dbtRunner(parsed_manifest(project), [hear]).invoke(command)
    # dbt keeps the last adapter, and with it a semaphore of the system.
    reset_adapters()  # type: ignore[no-untyped-call]
    said.put(result)
