"""Adds how much of its quotas each project has used, counted by all collectors together."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "quota_use",
        sa.Column("project_id", sa.String(64), primary_key=True),
        sa.Column("quota", sa.String(32), primary_key=True),
        sa.Column("period", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("names", sa.LargeBinary, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False, index=True),
    )
