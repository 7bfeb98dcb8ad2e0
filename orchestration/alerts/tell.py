"""Looks for problems once, sends the messages about them, and remembers the problems that stay open."""

from collections.abc import Collection
from pathlib import Path

import dagster as dg
import msgspec

from event_lens.errors import EventLensError
from event_lens.logs import get_log
from event_lens.settings import Settings
from orchestration.alerts.decide import Message, Open, after, decide_messages
from orchestration.alerts.look import (
    LANDING,
    SPOOL,
    failed_build,
    failing_sensor,
    late_landings,
    read_checks,
    read_waiting,
    silent_warehouse,
)
from orchestration.alerts.send import send, ways

log = get_log("alerts")


def tell(settings: Settings, instance: dg.DagsterInstance, checks: Collection[dg.AssetCheckKey]) -> list[Message]:
    """Look for problems, send the new messages, and note and return those that were sent; blocks. A message that could
    not be sent is logged.
    """
    path = settings.home / "dagster" / "alerts.json"
    known = _read(path)
    problems, unknown = read_checks(settings, instance, checks)
    problems += failed_build(settings, instance)
    problems += failing_sensor(settings, instance)
    problems += silent_warehouse(settings)
    waiting = read_waiting(settings)
    if waiting is None:
        unknown |= {LANDING, SPOOL}
    else:
        problems += late_landings(settings, waiting, known.keys())
    said = [
        message for message in decide_messages(known, problems, unknown, ways(settings)) if _is_sent(settings, message)
    ]
    found = after(known, problems, unknown, said)
    if found != known:
        _write(path, found)
    return said


def _is_sent(settings: Settings, message: Message) -> bool:
    try:
        send(settings, message)
    except EventLensError as error:
        log.error("alert_unsent", way=message.way, code=error.code, message=error.message)
        return False
    log.info("alert_sent", way=message.way, key=message.problem.key, is_over=message.is_over)
    return True


def _read(path: Path) -> dict[str, Open]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Open])
    except FileNotFoundError:
        return {}
    except msgspec.DecodeError:
        # Then open problems are announced again rather than not at all.
        log.warning("alerts_unreadable", path=str(path))
        return {}


def _write(path: Path, found: dict[str, Open]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(found))
    draft.replace(path)
