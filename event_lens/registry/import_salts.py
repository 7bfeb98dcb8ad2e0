"""The salt of a project's imports: kept as long as the project, so that a visitor has the same device id in all
imported files.
"""

import secrets

from sqlalchemy.exc import IntegrityError

from event_lens.registry.database import Registry
from event_lens.registry.tables import ImportSalt


def import_salt(registry: Registry, project_id: str) -> str:
    """Return the project's salt, created at the first use. Concurrent processes get the same salt."""
    try:
        with registry.session() as session:
            if session.get(ImportSalt, project_id) is None:
                session.add(ImportSalt(project_id=project_id, salt=secrets.token_hex(32)))
    except IntegrityError:
        pass  # another process made it a moment ago
    with registry.session() as session:
        return session.get_one(ImportSalt, project_id).salt
