"""The first tables: projects, clients, salts, funnels."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("project_id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("domains", sa.JSON, nullable=False),
        sa.Column("timezone", sa.String, nullable=False),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("session_timeout_seconds", sa.Integer, nullable=False),
        sa.Column("duplicate_window_ms", sa.Integer, nullable=False),
        sa.Column("device_salt", sa.String, nullable=False),
        sa.Column("allow_unsafe_revenue", sa.Boolean, nullable=False),
        sa.Column("allowed_bots", sa.JSON, nullable=False),
    )
    op.create_table(
        "clients",
        sa.Column("client_id", sa.String(64), primary_key=True),
        sa.Column("project_id", sa.String(64), sa.ForeignKey("projects.project_id"), nullable=False, index=True),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("secret_hash", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("origins", sa.JSON, nullable=False),
        sa.Column("revoked_at", sa.DateTime, nullable=True),
    )
    op.create_table(
        "salts",
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("salt", sa.String, nullable=False),
    )
    op.create_table(
        "funnels",
        sa.Column("funnel_id", sa.String(64), primary_key=True),
        sa.Column("project_id", sa.String(64), sa.ForeignKey("projects.project_id"), nullable=False, index=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("step_names", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("window_seconds", sa.Integer, nullable=False),
    )
