"""Checks of tables that were just built: numbers that may be right, but that a person should look at. dbt's tests find
lost rows, and stop a build. The checks here look at the rows of single projects.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from event_lens.clock import now_ms
from event_lens.errors import Refused
from event_lens.settings import Settings
from event_lens.shards import tables_database
from event_lens.warehouse.access import connect
from event_lens.warehouse.client import Warehouse
from orchestration.assets.noted_checks import finding_of, note_findings

UNKNOWN_TABLES = ("warehouse_60", "warehouse_81")
MAX_ROWS_SHOWN = 20
BAR_WIDTH = 20


@dataclass(frozen=True)
class Look:
    """A check of `table`: `sql` selects rows to look at, with the columns to show and `is_odd`. The check passes when
    no row is odd.

    `bar` names the column that is drawn as bars. `{lens}` in `sql` stands for the database of the tables.
    """

    name: str
    table: str
    description: str
    sql: str
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN
    bar: str = ""


LOOKS = (
    Look(
        "received_as_on_the_same_weekday",
        "ingest_hourly",
        "Yesterday (UTC) a project received at least a third and at most three times of what it did, by the median, on "
        "this weekday of the four weeks before.",
        """
        SELECT project_id, day, received, usual, day = yesterday() AND (received < usual / 3 OR received > usual * 3)
            AND usual >= 100 AS is_odd
        FROM
        (
            SELECT project_id, toDate(arrayJoin([0, 7, 14, 21, 28]) * -1 + toInt32(yesterday())) AS day FROM
            (SELECT DISTINCT project_id FROM {lens}.ingest_hourly WHERE day BETWEEN today() - 29 AND yesterday())
        ) AS days
        LEFT JOIN
        (
            SELECT project_id, day, sum(received) AS received
            FROM {lens}.ingest_hourly WHERE day >= today() - 29
            GROUP BY project_id, day
        ) AS counted USING (project_id, day)
        LEFT JOIN
        (
            SELECT project_id, median(a_day) AS usual
            FROM
            (
                SELECT project_id, day, sum(received) AS a_day
                FROM {lens}.ingest_hourly
                WHERE day IN (yesterday() - 7, yesterday() - 14, yesterday() - 21, yesterday() - 28)
                GROUP BY project_id, day
            )
            GROUP BY project_id
        ) AS weekdays USING (project_id)
        ORDER BY max(is_odd) OVER (PARTITION BY project_id) DESC, project_id, day
        """,
        bar="received",
    ),
    Look(
        "few_events_are_of_bots",
        "ingest_hourly",
        "Of what a project received in the last seven days at most half was left out as bots.",
        """
        SELECT project_id, sum(received) AS received, sum(bot) AS bots, round(100 * bots / received, 1) AS percent,
            received >= 100 AND percent > 50 AS is_odd
        FROM {lens}.ingest_hourly WHERE day >= today() - 7
        GROUP BY project_id HAVING received > 0
        ORDER BY is_odd DESC, percent DESC, project_id
        """,
        bar="percent",
    ),
    Look(
        "little_is_rejected",
        "ingest_hourly",
        "Of what a project received in the last seven days at most a tenth is in quarantine.",
        """
        SELECT project_id, sum(received) AS received, sum(rejected) AS rejected,
            round(100 * rejected / received, 1) AS percent, received >= 100 AND percent > 10 AS is_odd
        FROM {lens}.ingest_hourly WHERE day >= today() - 7
        GROUP BY project_id HAVING received > 0
        ORDER BY is_odd DESC, percent DESC, project_id
        """,
        bar="percent",
    ),
    Look(
        "event_names_are_known",
        "event_names_daily",
        "In the last two days a project of more than two weeks sent at most ten event names that it never sent before.",
        """
        SELECT project_id, count() AS new_names, arraySlice(arraySort(groupArray(name)), 1, 10) AS names,
            new_names > 10 AS is_odd
        FROM
        (
            SELECT project_id, name, min(day) AS first_day, min(first_day) OVER (PARTITION BY project_id) AS since
            FROM {lens}.event_names_daily
            GROUP BY project_id, name
        )
        WHERE first_day >= today() - 1 AND since < today() - 14
        GROUP BY project_id
        ORDER BY new_names DESC, project_id
        """,
    ),
    Look(
        "a_person_has_few_devices",
        "identities",
        "No profile owns more than 100 devices: such a profile is often a shared or a wrong id.",
        """
        SELECT project_id, profile_id, uniqExact(device_id) AS devices, devices > 100 AS is_odd
        FROM {lens}.identities WHERE profile_id != ''
        GROUP BY project_id, profile_id HAVING is_odd
        ORDER BY devices DESC, project_id, profile_id
        """,
    ),
    Look(
        "sessions_have_few_events",
        "sessions",
        "No session of the last seven days has more than 5,000 events: such a visitor is often a program.",
        """
        SELECT project_id, day, session_id, device_id, event_count, event_count > 5000 AS is_odd
        FROM {lens}.sessions WHERE day >= today() - 7 AND event_count > 5000
        ORDER BY event_count DESC, project_id, session_id
        """,
    ),
    Look(
        "sessions_of_events_are_there",
        "events",
        "Each event of the last seven days that has a session has it in `sessions` too.",
        """
        SELECT project_id, local_day AS day, count() AS events_without_a_session, 1 AS is_odd
        FROM {lens}.events
        WHERE local_day >= today() - 7 AND session_id != 0
            AND (project_id, session_id) NOT IN (
                SELECT project_id, session_id FROM {lens}.sessions WHERE day >= today() - 12)
        GROUP BY project_id, local_day
        ORDER BY project_id, day
        """,
        dg.AssetCheckSeverity.ERROR,
    ),
)


def table_checks(settings: Settings, last: dg.AssetKey, others: Iterable[str] = ()) -> dg.AssetChecksDefinition:
    """Return all looks as checks of their tables, in one step that runs after `last`.

    Their findings are noted for readers. Findings of checks that are neither looks nor in `others` are deleted.
    """
    lens = tables_database(settings)
    known = {*others, *(look.name for look in LOOKS)}
    specs = [
        dg.AssetCheckSpec(
            look.name, asset=dg.AssetKey([lens, look.table]), description=look.description, additional_deps=[last]
        )
        for look in LOOKS
    ]

    # The lock makes a check that a person starts wait for a running build.
    @dg.multi_asset_check(name="look_at_tables", specs=specs, can_subset=True, required_resource_keys={"build_lock"})
    def look_at_tables(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        chosen = {key.name for key in context.selected_asset_check_keys}
        findings = []
        with connect(settings, "builder") as warehouse:
            for look in LOOKS:
                if look.name in chosen:
                    rows = look_at(warehouse, look, lens)
                    result = judge(look, rows, dg.AssetKey([lens, look.table]))
                    findings.append(finding_of(result, [look.table], odd_projects(rows)))
                    yield result
            note_findings(warehouse, findings, context.run.run_id, now_ms(), known)

    return look_at_tables


def look_at(warehouse: Warehouse, look: Look, lens: str) -> list[dict[str, Any]]:
    """Return a look's rows in the database `lens`; none before the first build, because the tables do not exist yet."""
    try:
        return warehouse.rows(look.sql.replace("{lens}", lens))
    except Refused as error:
        if error.code in UNKNOWN_TABLES and not warehouse.value("SELECT count() FROM lens_staging.builds"):
            return []
        raise


def judge(look: Look, rows: Sequence[Mapping[str, Any]], asset: dg.AssetKey) -> dg.AssetCheckResult:
    """Return the result of a look: failed when a row is odd, with the first rows as a table."""
    odd = odd_projects(rows)
    return dg.AssetCheckResult(
        passed=not odd,
        check_name=look.name,
        asset_key=asset,
        severity=look.severity,
        description=f"Look at {', '.join(odd[:MAX_ROWS_SHOWN])}." if odd else look.description,
        metadata={
            "projects": len(odd),
            **({"seen": dg.MetadataValue.md(shown(rows[:MAX_ROWS_SHOWN], look.bar))} if rows else {}),
        },
    )


def odd_projects(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted({row["project_id"] for row in rows if row["is_odd"]})


def shown(rows: Sequence[Mapping[str, Any]], bar: str = "") -> str:
    """Return `rows` as Markdown, with odd rows marked and the column `bar` drawn as bars."""
    names = [name for name in rows[0] if name != "is_odd"]
    most = max((float(row[bar]) for row in rows), default=0) if bar else 0
    lines = [f"| | {' | '.join(names)} |" + (" |" if bar else ""), "|---" * (len(names) + 1 + bool(bar)) + "|"]
    for row in rows:
        cells = ["!" if row["is_odd"] else "", *(_cell(row[name]) for name in names)]
        if bar:
            cells.append("█" * round(BAR_WIDTH * float(row[bar]) / most) if most else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(value: object) -> str:
    """Return a value as one cell, escaped so that names chosen by people cannot break out of it."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
