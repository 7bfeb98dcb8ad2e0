"""Filters, order and breakdown of funnels; retentions, cohorts and goals."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("funnels") as funnels:
        funnels.add_column(sa.Column("step_filters", sa.JSON, nullable=False, server_default="[]"))
        funnels.add_column(sa.Column("counted_by", sa.String, nullable=False, server_default="device"))
        funnels.add_column(sa.Column("step_order", sa.String, nullable=False, server_default="ordered"))
        funnels.add_column(sa.Column("breakdown", sa.String, nullable=False, server_default=""))
    _give_each_step_filters()
    op.create_table(
        "retentions",
        *_defined("retention_id"),
        sa.Column("start_event", sa.String, nullable=False),
        sa.Column("return_event", sa.String, nullable=False),
    )
    op.create_table(
        "cohorts",
        *_defined("cohort_id"),
        sa.Column("criteria", sa.JSON, nullable=False),
        sa.Column("match", sa.String, nullable=False),
    )
    op.create_table(
        "goals",
        *_defined("goal_id"),
        sa.Column("event_name", sa.String, nullable=False),
        sa.Column("filters", sa.JSON, nullable=False),
    )


def _give_each_step_filters() -> None:
    funnels = sa.table(
        "funnels", sa.column("funnel_id"), sa.column("step_names", sa.JSON), sa.column("step_filters", sa.JSON)
    )
    bind = op.get_bind()
    for funnel in bind.execute(sa.select(funnels)).mappings().all():
        chosen = sa.update(funnels).where(funnels.c.funnel_id == funnel["funnel_id"])
        bind.execute(chosen.values(step_filters=[[] for _ in funnel["step_names"]]))


def _defined(key: str) -> list[sa.Column[object]]:
    return [
        sa.Column(key, sa.String(64), primary_key=True),
        sa.Column("project_id", sa.String(64), sa.ForeignKey("projects.project_id"), nullable=False, index=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    ]
