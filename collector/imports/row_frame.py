"""Events of a file as rows of `lens_raw.events`: expensive columns are computed once per distinct value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
import polars as pl

from collector.enrichment.bot_rules import own_rule, path_rules
from collector.enrichment.bots import BOT, judge
from collector.enrichment.context import ProjectSettings
from collector.enrichment.device_id import derived_device, profile_device
from collector.enrichment.exclusions import LeftOut, check_hostname
from collector.enrichment.geo import Geo
from collector.enrichment.page import page_of, site_rules
from collector.enrichment.query_allow_list import keep_parameters
from collector.enrichment.redaction import redact
from collector.enrichment.url import split_url
from collector.enrichment.url_redaction import mask_properties
from collector.enrichment.user_agent import parse_user_agent
from collector.imports.event_frame import revenue, unreadable_frame
from collector.imports.log_requests import NO_AGENT
from event_lens.contract.limits import MAX_USER_AGENT_LENGTH, MAX_WORD_LENGTH
from event_lens.contract.properties import check_storable, lists_of_values
from event_lens.contract.rejection import Rejection

SENDER = ("address", "user_agent")
PAGE = ("path", "search", "origin", "referrer", "utm_source", "utm_medium")
PAGE_VALUES = (
    "path", "origin", "query", "hash", "referrer", "referrer_name", "referrer_type", "click_id",
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
)  # fmt: skip
SENDER_VALUES = (
    "browser", "browser_version", "os", "os_version", "device", "brand", "model", "country", "region", "city",
)  # fmt: skip
OWN_TEXTS = ("name", "profile_id", "client_session_id", "title", "language")
SIDES = ("screen_width", "screen_height")
REVENUE = pl.Decimal(18, 4)
OWN_ADDRESS = "own address"
FOREIGN_HOST = "host is not the project's"


@dataclass(frozen=True)
class Importer:
    """The project that events are imported for. `salt` is the project's salt for imports, so that a visitor is one
    device over all files. `origin` is the origin of the site, for pages of which the file has only the path. `is_log`
    says that a sender without an agent (`NO_AGENT`) is a program, as at the collector. An agent that is an empty text
    means that the log does not record agents.
    """

    project: ProjectSettings
    salt: str
    origin: str
    received_at_ms: int
    import_id: str
    geo: Geo | None = None
    is_log: bool = False


@dataclass(frozen=True)
class Rows:
    """Rows without their event ids; `number` and `content` come from the event. Rows that are left out are counted by
    reason.
    """

    rows: pl.DataFrame
    left_out: dict[str, int]
    unreadable: pl.DataFrame


def make_rows(events: pl.DataFrame, importer: Importer) -> Rows:
    """Return the rows of events that can be stored, the counts of left-out events, and the unreadable lines."""
    left_out: dict[str, int] = {}
    senders = _frame((_sender(importer, *values) for values in _different(events, SENDER)), SENDER_SCHEMA)
    pages = _frame((_page(importer, *values) for values in _different(events, PAGE)), PAGE_SCHEMA)
    rows = events.join(senders, on=[pl.col(name) for name in SENDER], how="left", maintain_order="left")
    rows = rows.join(pages, on=[pl.col(name) for name in PAGE], how="left", maintain_order="left")
    for column, reason in (("is_own", OWN_ADDRESS), ("is_foreign", FOREIGN_HOST)):
        count = int(rows[column].sum())
        if count:
            left_out[reason] = count
            rows = rows.filter(~pl.col(column))
    if path_rules(importer.project.bot_rules):
        is_ruled = (pl.col("path_rule") != "") & (pl.col("bot_reason") == "")
        rows = rows.with_columns(
            pl.when(is_ruled).then("path_rule").otherwise("bot_reason").alias("bot_reason"),
            pl.when(is_ruled).then(pl.lit(BOT)).otherwise("of_device").alias("of_device"),
            pl.when(is_ruled).then(pl.lit("")).otherwise("device").alias("device"),
        )
    rows, unreadable = _with_properties(rows)
    return Rows(_columns(rows, importer), left_out, unreadable)


SENDER_SCHEMA: dict[str, Any] = dict.fromkeys(
    (*SENDER, *(f"of_{name}" for name in SENDER_VALUES), "derived_id", "bot_reason", "kept_agent"), pl.String()
) | {"of_latitude": pl.Float64(), "of_longitude": pl.Float64(), "is_own": pl.Boolean()}
PAGE_SCHEMA: dict[str, Any] = dict.fromkeys(
    (*PAGE, *(f"of_{name}" for name in PAGE_VALUES), "path_rule"), pl.String()
) | {"is_foreign": pl.Boolean()}


def _different(events: pl.DataFrame, columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return events.select(columns).unique().iter_rows()


def _frame(values: Iterator[tuple[Any, ...]], schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(values), schema=schema, orient="row")


def _sender(importer: Importer, address: str, user_agent: str) -> tuple[Any, ...]:
    is_judged = bool(user_agent.strip())
    agent = "" if importer.is_log and user_agent == NO_AGENT else user_agent[:MAX_USER_AGENT_LENGTH]
    parsed, reason = judge(agent, is_log=importer.is_log) if is_judged else (parse_user_agent(agent), "")
    rule = own_rule(importer.project.bot_rules, user_agent=agent, address=address)
    if rule and not reason:
        parsed, reason = parsed._replace(device=BOT), rule[:MAX_WORD_LENGTH]
    place = importer.geo.place(address) if importer.geo and address else None
    derived = ""
    if address:
        project_id = importer.project.project_id
        derived = derived_device(
            agent, address, project_id, {date.min: importer.salt}, importer.received_at_ms
        ).device_id
    return (
        address, user_agent, *parsed, *(place[:3] if place else ("", "", "")), derived, reason, agent,
        *(place[3:] if place else (None, None)),
        bool(address) and importer.project.own_addresses.hold(address),
    )  # fmt: skip


def _page(
    importer: Importer, path: str, search: str, origin: str, referrer: str, utm_source: str, utm_medium: str
) -> tuple[Any, ...]:
    project = importer.project
    given = {"path": path, "referrer": referrer}
    others = {"search": search, "origin": origin, "utm_source": utm_source, "utm_medium": utm_medium}
    fields = given | {name: value for name, value in others.items() if value}
    page = page_of(fields, importer.origin, site_rules(project)).values
    is_foreign = False
    if project.hostnames:
        try:
            check_hostname(split_url(page["origin"]).host, project.hostnames)
        except LeftOut:
            is_foreign = True
    if project.kept_parameters is not None:
        page = dict(page)
        keep_parameters(page, project.kept_parameters)
    rule = own_rule(path_rules(project.bot_rules), path=page["path"])[:MAX_WORD_LENGTH]
    key = (path, search, origin, referrer, utm_source, utm_medium)
    return (*key, *(page.get(name, "") for name in PAGE_VALUES), rule, is_foreign)


def _with_properties(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows with their properties in storable form; rows whose properties cannot be stored are returned as
    unreadable lines.
    """
    texts = rows["properties"].unique()
    clean: dict[str, str] = {}
    faults: dict[str, Rejection] = {}
    for text in texts:
        try:
            clean[text] = _properties(text) if text not in ("", "{}", "null") else "{}"
        except Rejection as error:
            faults[text] = error
    refused = [
        unreadable_frame(rows.filter(pl.col("properties") == text), error.code, error.message, "content")
        for text, error in faults.items()
    ]
    if faults:
        rows = rows.filter(~pl.col("properties").is_in(list(faults)))
    known = pl.DataFrame(
        {"properties": list(clean), "clean": list(clean.values())}, schema=["properties", "clean"]
    ).cast(pl.String)
    rows = rows.join(known, on="properties", how="left", maintain_order="left")
    return rows, pl.concat(refused) if refused else unreadable_frame(rows.clear(), "", "", "content")


def _properties(text: str) -> str:
    try:
        properties = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        raise Rejection(
            'The properties are not JSON; write a JSON object such as {"plan": "pro"}.', code="properties_not_storable"
        ) from None
    if not isinstance(properties, dict):
        raise Rejection(
            'The properties are not a JSON object; write one such as {"plan": "pro"}.', code="properties_not_storable"
        )
    check_storable(properties)
    return msgspec.json.encode(lists_of_values(mask_properties(redact(properties)))).decode()


def _columns(rows: pl.DataFrame, importer: Importer) -> pl.DataFrame:
    project_id = importer.project.project_id
    is_server = (pl.col("device_id") == "") & (pl.col("derived_id") == "")
    profiles = {
        profile: profile_device(project_id, profile).device_id
        for profile in rows.filter(is_server)["profile_id"].unique()
    }
    server_id = pl.col("profile_id").replace_strict(profiles, default="", return_dtype=pl.String)
    own = pl.col("device_id") != ""
    return rows.select(
        "number",
        "content",
        pl.lit(project_id).alias("project_id"),
        pl.when(own).then("device_id").when(~is_server).then("derived_id").otherwise(server_id).alias("device_id"),
        pl.when(own)
        .then(pl.lit("client"))
        .when(~is_server)
        .then(pl.lit("derived"))
        .otherwise(pl.lit("server"))
        .alias("device_kind"),
        pl.from_epoch("at", time_unit="ms").dt.replace_time_zone("UTC").alias("created_at"),
        pl.lit(importer.received_at_ms).cast(pl.Datetime("ms", "UTC")).alias("received_at"),
        *OWN_TEXTS,
        pl.col("currency").str.strip_chars().str.to_uppercase(),
        *(pl.col(name).cast(pl.UInt16, strict=False).fill_null(0) for name in SIDES),
        pl.coalesce(pl.col("revenue").str.strip_chars().cast(REVENUE, strict=False), revenue().cast(REVENUE)),
        *(pl.col(f"of_{name}").alias(name) for name in PAGE_VALUES if name not in _GIVEN_CAMPAIGN),
        *(_given_or(name) for name in (*_GIVEN_CAMPAIGN, *SENDER_VALUES)),
        *(pl.coalesce(name, f"of_{name}").alias(name) for name in ("latitude", "longitude")),
        pl.col("kept_agent").alias("user_agent"),
        (pl.col("bot_reason") != "").alias("is_bot"),
        "bot_reason",
        pl.col("clean").alias("properties"),
        pl.lit(importer.import_id).alias("import_id"),
    )


_GIVEN_CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def _given_or(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(name).otherwise(f"of_{name}").alias(name)
