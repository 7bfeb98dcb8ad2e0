"""`eventlens erase` and `eventlens erasures`: read the input of these commands, and print receipts."""

import json
import sys
from typing import Any

from cli.console import console, show_table
from cli.erase import erase_person
from event_lens.clock import to_datetime
from event_lens.errors import Refused
from event_lens.registry.database import open_registry
from event_lens.registry.erasures import Kind, Receipt, list_erasures
from event_lens.settings import Settings


def erase_and_show(
    settings: Settings, project_id: str, *, profile: str | None, device: str | None, as_json: bool
) -> None:
    """Erase a person and print the receipt. Raises `Refused` (`person_missing`) unless exactly one id is named."""
    if (profile is None) == (device is None):
        raise Refused("Name one person: --profile ID or --device ID.", code="person_missing")
    kind: Kind = "device" if profile is None else "profile"
    subject = profile or device or ""
    if subject == "-":
        subject = sys.stdin.readline().rstrip("\n")
    registry = open_registry(settings)
    try:
        receipt = erase_person(
            settings, registry, project_id, kind, subject, lambda stage: None if as_json else console.print(stage)
        )
    finally:
        registry.close()
    if as_json:
        console.print_json(json.dumps(_fields(receipt)))
        return
    rows = [(table, *counts) for table, counts in sorted(receipt.rows.items())]
    show_table(f"Erasure {receipt.erasure_id}", ("table", "rows before", "rows now"), rows)


def show_erasures(settings: Settings, project_id: str | None, *, as_json: bool) -> None:
    registry = open_registry(settings)
    try:
        receipts = list_erasures(registry, project_id)
    finally:
        registry.close()
    if as_json:
        console.print_json(json.dumps([_fields(receipt) for receipt in receipts]))
        return
    show_table(
        "Erasures",
        ("erasure", "project", "of a", "asked for", "stage", "rows before", "rows now"),
        [
            (
                receipt.erasure_id,
                receipt.project_id,
                receipt.kind,
                f"{to_datetime(receipt.requested_at_ms):%Y-%m-%d %H:%M:%S}",
                receipt.stage,
                sum(before for before, _ in receipt.rows.values()),
                sum(now for _, now in receipt.rows.values()),
            )
            for receipt in receipts
        ],
    )


def _fields(receipt: Receipt) -> dict[str, Any]:
    finished = receipt.finished_at_ms
    return {
        "erasureId": receipt.erasure_id,
        "projectId": receipt.project_id,
        "of": receipt.kind,
        "stage": receipt.stage,
        "requestedAt": to_datetime(receipt.requested_at_ms).isoformat(),
        "finishedAt": None if finished is None else to_datetime(finished).isoformat(),
        "rows": {table: {"before": before, "now": now} for table, (before, now) in sorted(receipt.rows.items())},
    }
