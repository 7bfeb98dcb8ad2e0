"""Users who write SQL against the projects they may see."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "sql_users",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("secret_hash", sa.String, nullable=False),
        sa.Column("project_ids", sa.JSON, nullable=False),
        sa.Column("is_for_all_projects", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
