"""The shard of each project, and the moves from one shard to another that are under way."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # Not in a batch: a batch recreates SQLite's table, and clients refer to the old one.
    op.add_column("projects", sa.Column("shard", sa.Integer, nullable=False, server_default="1"))
    op.add_column("projects", sa.Column("moved_at", sa.DateTime))
    op.create_table(
        "project_moves",
        sa.Column("project_id", sa.String(64), sa.ForeignKey("projects.project_id"), primary_key=True),
        sa.Column("from_shard", sa.Integer, nullable=False),
        sa.Column("to_shard", sa.Integer, nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
    )
