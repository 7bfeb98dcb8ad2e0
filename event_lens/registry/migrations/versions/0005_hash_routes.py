"""Pages of applications whose routes stand in the hash."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # Not in a batch: that makes SQLite's table anew, and clients refer to the old one.
    op.add_column("projects", sa.Column("hash_routes", sa.Boolean, nullable=False, server_default=sa.false()))
