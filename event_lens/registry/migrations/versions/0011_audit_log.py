"""Adds the audit log, and the number of requested rebuilds per project."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("change_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("changed_at", sa.DateTime, nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False, index=True),
        sa.Column("subject", sa.String(16), nullable=False),
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("before", sa.JSON, nullable=False),
        sa.Column("after", sa.JSON, nullable=False),
    )
    op.add_column("projects", sa.Column("rebuild_count", sa.Integer, nullable=False, server_default="0"))
