"""Adds the setting for sites whose pages are the same with and without a slash at the end."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    # Not in a batch: a batch recreates SQLite's table, and clients refer to the old one.
    op.add_column("projects", sa.Column("fold_trailing_slash", sa.Boolean, nullable=False, server_default=sa.false()))
