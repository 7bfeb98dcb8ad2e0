"""How much of their quotas projects have used, counted by all collectors of a registry together."""

from array import array
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from event_lens.registry.database import Registry
from event_lens.registry.tables import QuotaUse

KEPT_AFTER_SECONDS = 2 * 86_400
"""Names of the previous day still count as known on the next day."""

ADD = text(
    """
    INSERT INTO quota_use (project_id, quota, period, amount, names, ends_at)
    VALUES (:project_id, :quota, :period, :amount, :none, :ends_at)
    ON CONFLICT (project_id, quota, period) DO UPDATE SET amount = quota_use.amount + excluded.amount
    """
)


class Period(NamedTuple):
    """A quota of a project in one period, which is a minute or a UTC day. `seconds` is the length of the period, and
    `number` counts such periods from the epoch.
    """

    project_id: str
    quota: str
    number: int
    seconds: int


class Use(NamedTuple):
    """A used amount, and the 64-bit hashes of used names."""

    amount: int = 0
    names: frozenset[int] = frozenset()


def add_use(registry: Registry, added: Mapping[Period, Use], now_seconds: int) -> dict[Period, Use]:
    """Add to the used amounts, and return the totals over all collectors, in one transaction. Blocks.

    Raises `Unavailable` (`registry_unavailable`); then nothing was added.
    """
    with registry.session() as session:
        totals = {period: _added(session, period, added[period]) for period in sorted(added)}
        session.execute(delete(QuotaUse).where(QuotaUse.ends_at < now_seconds - KEPT_AFTER_SECONDS))
        return totals


def read_use(registry: Registry, periods: Iterable[tuple[int, int]]) -> dict[Period, Use]:
    """Return the use of all collectors in periods given by number and seconds. Raises `Unavailable`. Blocks."""
    seconds = dict(periods)
    with registry.session() as session:
        rows = session.scalars(select(QuotaUse).where(QuotaUse.period.in_(seconds)))
        return {
            Period(row.project_id, row.quota, row.period, seconds[row.period]): Use(row.amount, _unpacked(row.names))
            for row in rows
        }


def _added(session: Session, period: Period, use: Use) -> Use:
    key = {"project_id": period.project_id, "quota": period.quota, "period": period.number}
    values = {"amount": use.amount, "none": b"", "ends_at": (period.number + 1) * period.seconds}
    # It locks the row, so no other collector adds names between reading and writing them.
    session.execute(ADD, key | values)
    row = session.get_one(QuotaUse, key, populate_existing=True)
    known = _unpacked(row.names)
    if not use.names <= known:
        known |= use.names
        row.names = _packed(known)
    return Use(row.amount, known)


def _packed(names: Collection[int]) -> bytes:
    return array("Q", sorted(names)).tobytes()


def _unpacked(names: bytes) -> frozenset[int]:
    return frozenset(array("Q", names))
