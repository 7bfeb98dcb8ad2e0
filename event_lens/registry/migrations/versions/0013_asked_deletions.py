"""Adds projects that are to be deleted, from the request until their data is gone."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("projects", sa.Column("deletion_asked_at", sa.DateTime))
