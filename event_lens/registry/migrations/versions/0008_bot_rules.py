"""Adds a project's own rules that judge events as a bot's."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("projects", sa.Column("bot_rules", sa.JSON, nullable=False, server_default="[]"))
