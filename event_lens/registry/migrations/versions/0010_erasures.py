"""Adds receipts of erased people, the key of the hashes by which they stay erased, and how long a project keeps raw
rows, events and profiles.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "erasure_key",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("secret", sa.String, nullable=False),
    )
    op.create_table(
        "erasures",
        sa.Column("erasure_id", sa.String(64), primary_key=True),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("salt", sa.String, nullable=False),
        sa.Column("subject_hash", sa.String, nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("requested_at", sa.DateTime, nullable=False),
        sa.Column("finished_at", sa.DateTime),
        sa.Column("rows", sa.JSON, nullable=False),
    )
    op.create_index(op.f("ix_erasures_project_id"), "erasures", ["project_id"])
    for name in ("raw_kept_days", "events_kept_days", "profiles_kept_days"):
        op.add_column("projects", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
