"""Adds the setting for applications whose routes are in the URL's hash."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # Not in a batch: a batch recreates SQLite's table, and clients refer to the old one.
    op.add_column("projects", sa.Column("hash_routes", sa.Boolean, nullable=False, server_default=sa.false()))
