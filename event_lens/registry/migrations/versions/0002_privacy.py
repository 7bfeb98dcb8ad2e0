"""Adds exclusion settings (own addresses, hostnames, query parameters, GPC/DNT) to projects, and monthly salts next to
daily ones.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Not in a batch: a batch recreates SQLite's table, and clients refer to the old one.
    op.add_column("projects", sa.Column("own_addresses", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("projects", sa.Column("hostnames", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("projects", sa.Column("query_allow_list", sa.JSON, nullable=False, server_default='["*"]'))
    op.add_column("projects", sa.Column("honour_gpc", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("projects", sa.Column("honour_dnt", sa.Boolean, nullable=False, server_default=sa.false()))
    op.rename_table("salts", "salts_of_days")
    op.create_table(
        "salts",
        sa.Column("period", sa.String(7), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("salt", sa.String, nullable=False),
    )
    op.execute("INSERT INTO salts (period, day, salt) SELECT 'daily', day, salt FROM salts_of_days")
    op.drop_table("salts_of_days")
