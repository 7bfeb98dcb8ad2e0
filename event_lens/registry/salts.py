"""Salts of derived device ids: a new one each UTC day, the last two kept, so an address cannot be found from an id."""

import secrets
from datetime import date, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from event_lens.registry.connection import Registry
from event_lens.registry.tables import Salt

KEPT = 2


def salts_on(registry: Registry, day: date) -> dict[date, str]:
    """The salts of `day` and, if there was one, of the day before; makes that of `day` and forgets older ones.

    Several processes may ask at once: they get the same salts.
    """
    try:
        with registry.session() as session:
            if session.get(Salt, day.isoformat()) is None:
                session.add(Salt(day=day.isoformat(), salt=secrets.token_hex(32)))
            oldest_kept = day - timedelta(days=KEPT - 1)
            session.execute(delete(Salt).where(Salt.day < oldest_kept.isoformat()))
    except IntegrityError:
        pass  # another process made it a moment ago; it is read below
    with registry.session() as session:
        kept = session.scalars(select(Salt).where(Salt.day <= day.isoformat()))
        return {date.fromisoformat(salt.day): salt.salt for salt in kept}
