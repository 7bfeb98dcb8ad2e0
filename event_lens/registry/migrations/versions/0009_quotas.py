"""Adds the maximum age of events, and quotas for what a project sends, defines and asks."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("projects", sa.Column("accept_days", sa.Integer, nullable=False, server_default="-1"))
    op.add_column("projects", sa.Column("quotas", sa.JSON, nullable=False, server_default="[]"))
