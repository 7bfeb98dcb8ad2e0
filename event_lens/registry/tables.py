"""The registry's tables. Their history is in `migrations/versions`; a test holds the two together."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column


class Table(MappedAsDataclass, DeclarativeBase, kw_only=True):
    type_annotation_map: ClassVar[dict[Any, Any]] = {list[str]: JSON, list[Any]: JSON}


class Project(Table):
    """A site or product, and the settings that its numbers follow."""

    __tablename__ = "projects"

    project_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    domains: Mapped[list[str]] = mapped_column(default_factory=list)
    timezone: Mapped[str] = mapped_column(default="UTC")
    currency: Mapped[str] = mapped_column(default="")
    session_timeout_seconds: Mapped[int] = mapped_column(default=1800)
    duplicate_window_ms: Mapped[int] = mapped_column(default=100)
    device_salt: Mapped[str] = mapped_column(default="daily")
    allow_unsafe_revenue: Mapped[bool] = mapped_column(default=False)
    allowed_bots: Mapped[list[str]] = mapped_column(default_factory=list)
    bot_rules: Mapped[list[str]] = mapped_column(default_factory=list)
    own_addresses: Mapped[list[str]] = mapped_column(default_factory=list)
    hostnames: Mapped[list[str]] = mapped_column(default_factory=list)
    query_allow_list: Mapped[list[str]] = mapped_column(default_factory=lambda: ["*"])
    honour_gpc: Mapped[bool] = mapped_column(default=False)
    honour_dnt: Mapped[bool] = mapped_column(default=False)
    hash_routes: Mapped[bool] = mapped_column(default=False)
    shard: Mapped[int] = mapped_column(default=1)
    moved_at: Mapped[datetime | None] = mapped_column(default=None)


class ProjectMove(Table):
    """A project on its way to another shard, and how far it has come; gone when it has arrived."""

    __tablename__ = "project_moves"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"), primary_key=True)
    from_shard: Mapped[int]
    to_shard: Mapped[int]
    stage: Mapped[str] = mapped_column(String(16))


class Client(Table):
    """A key of a project. Its secret is kept as a SHA-256 only: of 256 random bits, a slow hash protects no better."""

    __tablename__ = "clients"

    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"), index=True)
    type: Mapped[str]
    secret_hash: Mapped[str]
    created_at: Mapped[datetime]
    name: Mapped[str] = mapped_column(default="")
    origins: Mapped[list[str]] = mapped_column(default_factory=list)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class Salt(Table):
    """The secret of a UTC day or month (`period` daily, monthly), of which `day` is the ISO date or its first one's."""

    __tablename__ = "salts"

    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    salt: Mapped[str]


class ImportSalt(Table):
    """The secret with which devices of a project's imported events are derived."""

    __tablename__ = "import_salts"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"), primary_key=True)
    salt: Mapped[str]


class Funnel(Table):
    """A funnel whose daily numbers are modelled: event names in order, and a list of filters for each."""

    __tablename__ = "funnels"

    funnel_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"), index=True)
    name: Mapped[str]
    step_names: Mapped[list[str]]
    created_at: Mapped[datetime]
    step_filters: Mapped[list[Any]]
    window_seconds: Mapped[int]
    counted_by: Mapped[str]
    step_order: Mapped[str]
    breakdown: Mapped[str]


class Retention(Table):
    """A retention that is modelled: the event that starts it and the one that counts as a return; '' is any."""

    __tablename__ = "retentions"

    retention_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"), index=True)
    name: Mapped[str]
    start_event: Mapped[str]
    return_event: Mapped[str]
    created_at: Mapped[datetime]


class Cohort(Table):
    """Criteria of events or of profiles, of which all or any must be true."""

    __tablename__ = "cohorts"

    cohort_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"), index=True)
    name: Mapped[str]
    criteria: Mapped[list[Any]]
    match: Mapped[str]
    created_at: Mapped[datetime]


class Goal(Table):
    """An event, with filters, that counts as a conversion."""

    __tablename__ = "goals"

    goal_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"), index=True)
    name: Mapped[str]
    event_name: Mapped[str]
    filters: Mapped[list[Any]]
    created_at: Mapped[datetime]


class SqlUser(Table):
    """Somebody who writes SQL against `lens`; the password is kept as a SHA-256 only, as a client's secret is."""

    __tablename__ = "sql_users"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    secret_hash: Mapped[str]
    project_ids: Mapped[list[str]]
    is_for_all_projects: Mapped[bool]
    created_at: Mapped[datetime]
