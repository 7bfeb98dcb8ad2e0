"""Salts of derived device ids: a new salt per UTC day and a new salt per month. The last two of each kind are kept.
Once the salt of an id is deleted, the address cannot be found from the id.
"""

import secrets
from datetime import date, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningDelete

from event_lens.registry.database import Registry
from event_lens.registry.tables import PERIODS, Salt


def salts_on(registry: Registry, period: str, day: date) -> dict[date, str]:
    """Return the salt of the period that contains `day`, and the salt of the period before if there was one, each by
    the first day of its period.

    Creates the salt of `day` and deletes all older salts, daily and monthly alike, and salts of future days that a
    wrong clock once made. Concurrent processes get the same salts. Blocks.
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
    """Return the statement that deletes all salts except those of the period of `day`, of the period before and of the
    period after. The period after is kept because another process's clock may be ahead.
    """
    first = first_day(period, day)
    before = first_day(period, first - timedelta(days=1))
    after = first_day(period, first + timedelta(days=31 if period == "monthly" else 1))
    outdated = or_(Salt.day < before.isoformat(), Salt.day > after.isoformat())
    return delete(Salt).where(Salt.period == period, outdated).returning(Salt.day)
