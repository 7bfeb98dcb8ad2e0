"""Salts of derived device ids: a new one each UTC day and month, the last two of each kept.

So an address cannot be found from an id: what it was hashed with is gone.
"""

import secrets
from datetime import date, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningDelete

from event_lens.registry.database import Registry
from event_lens.registry.tables import PERIODS, Salt


def salts_on(registry: Registry, period: str, day: date) -> dict[date, str]:
    """Return the salts of the period that `day` is in and, if there was one, of the period before, by their first
    days.

    Makes the one of `day`, and forgets all older ones, those of the other kind of period too, and those of a future
    that a clock once claimed. Several processes may ask at once: they get the same salts. Blocks.
    """
    first = first_day(period, day)
    try:
        with registry.session() as session:
            if session.get(Salt, (period, first.isoformat())) is None:
                session.add(Salt(period=period, day=first.isoformat(), salt=secrets.token_hex(32)))
            forgotten = [gone for each in PERIODS for gone in session.scalars(_outdated(each, day))]
    except IntegrityError:
        forgotten = []  # another process made it a moment ago, and forgets
    if forgotten:
        registry.scrub()
    with registry.session() as session:
        kept = session.scalars(select(Salt).where(Salt.period == period, Salt.day <= first.isoformat()))
        return {date.fromisoformat(salt.day): salt.salt for salt in kept}


def first_day(period: str, day: date) -> date:
    """Return the first day of the daily or monthly period that `day` is in."""
    return day.replace(day=1) if period == "monthly" else day


def _outdated(period: str, day: date) -> ReturningDelete[tuple[str]]:
    """Return the statement that deletes salts neither of the period of `day` nor of a neighbour: another process'
    clock may be ahead.
    """
    first = first_day(period, day)
    before = first_day(period, first - timedelta(days=1))
    after = first_day(period, first + timedelta(days=31 if period == "monthly" else 1))
    outdated = or_(Salt.day < before.isoformat(), Salt.day > after.isoformat())
    return delete(Salt).where(Salt.period == period, outdated).returning(Salt.day)
