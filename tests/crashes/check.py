"""The verdict: is every acknowledged message there once, and do the batches add up with the rows?"""

from typing import NamedTuple

from event_lens.warehouse.client import Warehouse
from tests.crashes.load import Book

TABLES = ("lens_raw.events", "lens_raw.profile_operations", "lens_raw.quarantine")


class Verdict(NamedTuple):
    """What became of the messages of one project, and of all batches of the warehouse."""

    sent: int
    acknowledged: int
    counted: int
    """Messages that the model counts: different event ids."""
    lost: int
    """Acknowledged and not there."""
    twice: int
    """Messages with more than one event id, with more rows than times sent, or unknown; and rows landed again."""
    rejected: tuple[int, int, int]
    """Bad items acknowledged, in quarantine, sent: they must not fall."""
    wrong_batches: int
    """Batches whose row count is not the number of their rows, or that are not listed once."""

    @property
    def is_good(self) -> bool:
        least, there, most = self.rejected
        return not (self.lost or self.twice or self.wrong_batches) and least <= there <= most


def judge(warehouse: Warehouse, project_id: str, book: Book) -> Verdict:
    """Reads what landed of `project_id` and holds it against the book. Everything must have landed before."""
    found = {
        row["message_id"]: row
        for row in warehouse.rows(
            "SELECT message_id, count() AS row_count, uniqExact(event_id) AS ids FROM"
            " (SELECT project_id, message_id, event_id FROM lens_raw.events UNION ALL"
            " SELECT project_id, message_id, event_id FROM lens_raw.profile_operations)"
            " WHERE project_id = {project:String} GROUP BY message_id",
            {"project": project_id},
        )
    }
    twice = sum(row["ids"] > 1 or row["row_count"] > book.sent[id] for id, row in found.items())
    in_quarantine = warehouse.value(
        "SELECT count() FROM lens_raw.quarantine WHERE project_id = {project:String}", {"project": project_id}
    )
    return Verdict(
        sent=len(book.sent),
        acknowledged=len(book.acknowledged),
        counted=sum(row["ids"] for row in found.values()),
        lost=len(book.acknowledged - found.keys()),
        twice=twice + sum(_landed_again(warehouse, table) for table in TABLES),
        rejected=(book.rejected_acknowledged, in_quarantine, book.rejected_sent),
        wrong_batches=sum(_wrong_batches(warehouse, table) for table in TABLES),
    )


class Model(NamedTuple):
    """Events of a project that a build counts, and different event ids that landed."""

    counted: int
    events: int


def modelled(warehouse: Warehouse, project_id: str) -> Model:
    """What the tables hold after a build."""
    project = {"project": project_id}
    return Model(
        warehouse.value("SELECT count() FROM lens.events WHERE project_id = {project:String}", project),
        warehouse.value("SELECT uniqExact(event_id) FROM lens_raw.events WHERE project_id = {project:String}", project),
    )


def _landed_again(warehouse: Warehouse, table: str) -> int:
    count: int = warehouse.value(f"SELECT count() - uniqExact(batch_id, batch_row) FROM {table}")
    return count


def _wrong_batches(warehouse: Warehouse, table: str) -> int:
    count: int = warehouse.value(
        f"SELECT count() FROM (SELECT batch_id, count() AS there FROM {table} GROUP BY batch_id) AS landed"
        " FULL JOIN (SELECT batch_id, sum(row_count) AS said, count() AS listed FROM ("
        " SELECT batch_id, table_name, row_count FROM lens_raw.batches"
        " UNION ALL SELECT batch_id, table_name, row_count FROM lens_raw.settled_batches FINAL"
        ") WHERE table_name = {table:String} GROUP BY batch_id) AS told USING (batch_id)"
        " WHERE there != said OR listed != 1",
        {"table": table},
    )
    return count
