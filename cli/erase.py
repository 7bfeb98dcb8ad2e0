"""`eventlens erase`: removes one person's data from every table and file, with a receipt."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from cli.project_move import BuildShard, build_touched, builds_wait
from collector.loading.waiting import drop_corrupt_lines, land_waiting
from event_lens.backup.erasures import note_erasure
from event_lens.clock import Clock, now_ms
from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.erasures import Kind, Receipt, advance_erasure, erasure_key, open_erasure
from event_lens.registry.placements import check_stays
from event_lens.registry.projects import find_project
from event_lens.settings import Settings
from event_lens.shards import all_shards, settings_of_shard
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from event_lens.warehouse.erasing import (
    Erasing,
    count_rows,
    delete_from_models,
    delete_from_raw,
    drop_replaced_files,
    forget_changes,
    hide,
)
from event_lens.warehouse.person import Person, find_device, find_profile

MAX_STATEMENT_SECONDS = 3600
FILES_GO_WITHIN_SECONDS = 900.0

OnStage = Callable[[str], None]


def erase_person(
    settings: Settings,
    registry: Registry,
    project_id: str,
    kind: Kind,
    subject: str,
    on_stage: OnStage,
    *,
    build_shard: BuildShard = build_touched,
    clock: Clock = now_ms,
) -> Receipt:
    """Erase a profile or a device with all its rows up to now, or resume its stopped erasure, and return the receipt.
    Blocks.

    If it is killed at any point, it can be repeated: the registry holds the stage that was reached, and each stage may
    be repeated. From the first stage on, the person's data cannot be read; later events of the person count as a new
    person's.
    """
    if not subject:
        raise Refused("Name the profile or the device to erase.", code="person_missing")
    shard = find_project(registry, project_id).shard
    check_stays(registry, project_id)
    receipt = open_erasure(registry, project_id, kind, subject)
    erasing = Erasing(receipt.erasure_id, project_id, receipt.requested_at_ms, erasure_key(registry))
    with _warehouses(settings) as warehouses:
        find = find_profile if kind == "profile" else find_device
        person = find(warehouses[shard], project_id, subject)
        if receipt.stage == "asked":
            on_stage("Hiding the person")
            receipt = _hide(registry, warehouses, erasing, person, receipt)
        if receipt.stage == "hidden":
            on_stage("Landing what waits in the spool")
            land_waiting(settings, registry, receipt.requested_at_ms)
            person = find(warehouses[shard], project_id, subject)
            drop_corrupt_lines(settings, person.texts)
            on_stage("Deleting from raw and from the models")
            for number, warehouse in warehouses.items():
                hide(warehouse, erasing, person)
                with builds_wait(settings, number):
                    delete_from_raw(warehouse, erasing, person, clock())
                    delete_from_models(warehouse, erasing)
            receipt = advance_erasure(registry, erasing.erasure_id, "deleted")
        if receipt.stage == "deleted":
            on_stage("Rebuilding the days of the person")
            build_shard(settings_of_shard(settings, shard))
            receipt = advance_erasure(registry, erasing.erasure_id, "built")
        on_stage("Deleting replaced files")
        for warehouse in warehouses.values():
            forget_changes(warehouse, erasing)
        are_gone = [drop_replaced_files(warehouse, FILES_GO_WITHIN_SECONDS) for warehouse in warehouses.values()]
        if not all(are_gone):
            on_stage("The warehouse still keeps replaced files. Run this again later: it looks once more.")
            return receipt
        rows = _counted(warehouses, erasing, person, receipt)
    on_stage("Noting the erasure next to the backups")
    advance_erasure(registry, erasing.erasure_id, "built", rows)
    note_erasure(settings, registry, erasing.erasure_id)
    return advance_erasure(registry, erasing.erasure_id, "done", rows)


def _hide(
    registry: Registry, warehouses: dict[int, Warehouse], erasing: Erasing, person: Person, receipt: Receipt
) -> Receipt:
    for warehouse in warehouses.values():
        hide(warehouse, erasing, person)
    if not receipt.rows:
        # Counted before the first row is deleted, so that a repeated erasure still knows the original counts.
        receipt = advance_erasure(registry, erasing.erasure_id, "asked", _counted(warehouses, erasing, person, receipt))
    for warehouse in warehouses.values():
        delete_from_models(warehouse, erasing)
    return advance_erasure(registry, erasing.erasure_id, "hidden")


def _counted(
    warehouses: dict[int, Warehouse], erasing: Erasing, person: Person, receipt: Receipt
) -> dict[str, tuple[int, int]]:
    """Return for each table the number of rows before the erasure and the number now. The number before comes from the
    receipt, or is the number now if the receipt has none.
    """
    now: dict[str, int] = {}
    for warehouse in warehouses.values():
        for table, count in count_rows(warehouse, erasing, person).items():
            now[table] = now.get(table, 0) + count
    before = {table: counts[0] for table, counts in receipt.rows.items()} or now
    return {table: (before.get(table, 0), now.get(table, 0)) for table in before.keys() | now.keys()}


@contextmanager
def _warehouses(settings: Settings) -> Iterator[dict[int, Warehouse]]:
    with ExitStack() as stack:
        yield {
            shard: stack.enter_context(
                connect(settings, "admin", shard=shard, query_timeout_seconds=MAX_STATEMENT_SECONDS)
            )
            for shard in all_shards(settings)
        }
