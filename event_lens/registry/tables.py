"""The registry's tables. Their history is in `migrations/versions`; a test checks that both agree."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from event_lens.registry.excluded_ips import own_address
from event_lens.registry.hostname import hostname, hostname_rule
from event_lens.registry.project_settings import Changes, declared_settings, setting
from event_lens.registry.quotas import QUOTAS, last_of_each, quota_text
from event_lens.registry.setting_values import (
    EVERY_PARAMETER,
    all_or_some,
    bot_reason,
    bot_rule,
    currency_code,
    days_kept,
    free_text,
    one_of,
    parameter_name,
    time_zone,
    within,
)

PERIODS = ("daily", "monthly")
ACCEPT_BY_SENDER = -1
"""The `accept_days` of a project that does not set it: the maximum age of events then depends on their sender."""
MIN_RAW_DAYS = 10
MIN_EVENTS_DAYS = 62


class Table(MappedAsDataclass, DeclarativeBase, kw_only=True):
    type_annotation_map: ClassVar[dict[Any, Any]] = {list[str]: JSON, list[Any]: JSON, dict[str, Any]: JSON}


class Project(Table):
    """A site or product, and the settings that its numbers follow."""

    __tablename__ = "projects"

    project_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime]
    rebuild_count: Mapped[int] = mapped_column(default=0)
    shard: Mapped[int] = mapped_column(default=1)
    moved_at: Mapped[datetime | None] = mapped_column(default=None)
    deletion_asked_at: Mapped[datetime | None] = mapped_column(default=None)

    name: Mapped[str] = setting("", "Free text.", Changes.LABEL, check=free_text)
    domains: Mapped[list[str]] = setting(
        [],
        "A domain of the site; may be given again.",
        Changes.NEW_EVENTS,
        option="--domain",
        check=hostname,
    )
    timezone: Mapped[str] = setting(
        "UTC", "The time zone of the project's days, such as Europe/Berlin.", Changes.ALL_DAYS, check=time_zone
    )
    currency: Mapped[str] = setting(
        "", "Revenue in other currencies is left out of sums.", Changes.ALL_DAYS, check=currency_code
    )
    session_timeout_seconds: Mapped[int] = setting(
        1800,
        "A session ends after this many seconds without an event.",
        Changes.ALL_DAYS,
        check=within("session_timeout_seconds", 1, 86_400),
    )
    duplicate_window_ms: Mapped[int] = setting(
        100,
        "Milliseconds within which equal events count once; 0 counts them all.",
        Changes.ALL_DAYS,
        check=within("duplicate_window_ms", 0, 60_000),
    )
    allowed_bots: Mapped[list[str]] = setting(
        [],
        "A reason why events are a bot's, such as 'crawler:*', with which they count nevertheless.",
        Changes.ALL_DAYS,
        option="--allow-bot",
        check=bot_reason,
    )
    bot_rules: Mapped[list[str]] = setting(
        [],
        "A rule for events that are a bot's: agent:*Name*, address:NETWORK, path:/wp-*, sign:headless.",
        Changes.NEW_EVENTS,
        option="--bot-rule",
        check=bot_rule,
    )
    device_salt: Mapped[str] = setting(
        "daily",
        "How long a derived device keeps its id: daily, monthly.",
        Changes.NEW_EVENTS,
        check=one_of("device_salt", *PERIODS),
    )
    allow_unsafe_revenue: Mapped[bool] = setting(
        False, "Whether revenue counts without a verified secret.", Changes.NEW_EVENTS
    )
    own_addresses: Mapped[list[str]] = setting(
        [],
        "An IP address or network whose events are excluded, such as your office's.",
        Changes.NEW_EVENTS,
        option="--excluded-ip",
        older_option="--own-address",
        check=own_address,
    )
    hostnames: Mapped[list[str]] = setting(
        [],
        "A host whose pages count, or *.example.com for all hosts below it; pages of other hosts are excluded. "
        "If none is set, all pages count.",
        Changes.NEW_EVENTS,
        option="--hostname",
        check=hostname_rule,
    )
    query_allow_list: Mapped[list[str]] = setting(
        [EVERY_PARAMETER],
        "A query parameter to keep; others are removed. '*' keeps all, '' none.",
        Changes.NEW_EVENTS,
        option="--query-allow",
        check=parameter_name,
        check_list=all_or_some,
    )
    honour_gpc: Mapped[bool] = setting(False, "Exclude visitors who send Global Privacy Control.", Changes.NEW_EVENTS)
    honour_dnt: Mapped[bool] = setting(False, "Exclude visitors who send Do Not Track.", Changes.NEW_EVENTS)
    hash_routes: Mapped[bool] = setting(
        False, "A path in the hash, such as /#/about, distinguishes pages.", Changes.NEW_EVENTS
    )
    fold_trailing_slash: Mapped[bool] = setting(False, "/about/ and /about are one page, /about.", Changes.NEW_EVENTS)
    accept_days: Mapped[int] = setting(
        ACCEPT_BY_SENDER,
        "The greatest age of accepted events in days; 0: any age. -1: 30 days without a verified secret, any age with "
        "it.",
        Changes.NEW_EVENTS,
        check=within("accept_days", ACCEPT_BY_SENDER, 36_500),
    )
    quotas: Mapped[list[str]] = setting(
        [],
        f"A limit such as events_a_day=1000000; 0 means no limit. There are {', '.join(QUOTAS)}.",
        Changes.NEW_EVENTS,
        option="--quota",
        check=quota_text,
        check_list=last_of_each,
    )
    raw_kept_days: Mapped[int] = setting(
        0,
        "Days for which raw rows are kept, 10 or more; 0: the number in EVENTLENS_RAW_TTL_DAYS.",
        Changes.NEW_EVENTS,
        check=days_kept("raw_kept_days", MIN_RAW_DAYS),
    )
    events_kept_days: Mapped[int] = setting(
        0,
        "Days for which events and sessions are kept, 62 or more; 0: without a limit. Daily sums stay.",
        Changes.NEW_EVENTS,
        check=days_kept("events_kept_days", MIN_EVENTS_DAYS),
    )
    profiles_kept_days: Mapped[int] = setting(
        0,
        "Days for which a profile is kept after it was last seen; 0: without a limit.",
        Changes.NEW_EVENTS,
        check=days_kept("profiles_kept_days", 1),
    )


PROJECT_SETTINGS = declared_settings(Project.metadata.tables["projects"])


class ProjectMove(Table):
    """The move of a project to another shard, and its stage; the row is deleted when the move is done."""

    __tablename__ = "project_moves"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"), primary_key=True)
    from_shard: Mapped[int]
    to_shard: Mapped[int]
    stage: Mapped[str] = mapped_column(String(16))


class Client(Table):
    """A key of a project. Its secret is kept as a SHA-256 only: for a secret of 256 random bits, a slow hash is no
    safer.
    """

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
    """The secret of a UTC day or month (`period` daily, monthly); `day` is the ISO date of that day or of the
    month's first.
    """

    __tablename__ = "salts"

    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    salt: Mapped[str]


class ImportSalt(Table):
    """The secret with which devices of a project's imported events are derived."""

    __tablename__ = "import_salts"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"), primary_key=True)
    salt: Mapped[str]


class QuotaUse(Table):
    """The part of a quota that a project has used in one period, which is a minute or a UTC day, numbered from the
    epoch. For a quota of distinct names, `names` holds their hashes of 8 bytes each. The row is deleted some time after
    `ends_at`, in seconds.
    """

    __tablename__ = "quota_use"

    project_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    quota: Mapped[str] = mapped_column(String(32), primary_key=True)
    period: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    amount: Mapped[int] = mapped_column(BigInteger)
    names: Mapped[bytes]
    ends_at: Mapped[int] = mapped_column(BigInteger, index=True)


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
    """A retention that is modelled: the event that starts it and the event that counts as a return; '' means any
    event.
    """

    __tablename__ = "retentions"

    retention_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"), index=True)
    name: Mapped[str]
    start_event: Mapped[str]
    return_event: Mapped[str]
    created_at: Mapped[datetime]


class Cohort(Table):
    """A cohort: criteria of events or of profiles, all or any of which a profile must meet."""

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


class ErasureKey(Table):
    """The key of the hashes by which the warehouse knows who is erased; one for all shards, in row 1."""

    __tablename__ = "erasure_key"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    secret: Mapped[str]


class Erasure(Table):
    """The receipt of an erased person. The person's id is kept only as a hash, with a salt of its own."""

    __tablename__ = "erasures"

    erasure_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    salt: Mapped[str]
    subject_hash: Mapped[str]
    stage: Mapped[str] = mapped_column(String(16))
    requested_at: Mapped[datetime]
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    rows: Mapped[list[Any]] = mapped_column(default_factory=list)


class SqlUser(Table):
    """Somebody who writes SQL against `lens`; the password is kept as a SHA-256 only, as a client's secret is."""

    __tablename__ = "sql_users"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    secret_hash: Mapped[str]
    project_ids: Mapped[list[str]]
    is_for_all_projects: Mapped[bool]
    created_at: Mapped[datetime]


class AuditEntry(Table):
    """A change of one row of the registry: the key that made it (or `shell`), and the fields before and after."""

    __tablename__ = "audit_log"

    change_id: Mapped[int] = mapped_column(primary_key=True, init=False)
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(64))
    project_id: Mapped[str] = mapped_column(String(64), index=True)
    subject: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(16))
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
