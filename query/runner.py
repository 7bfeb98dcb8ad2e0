"""Answers: asks the warehouse a question, and returns its rows with the `meta` that says how reliable they are."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import date
from typing import Any, Protocol

from event_lens.clock import Clock
from event_lens.errors import Broken, EventLensError, Refused, Unavailable
from event_lens.warehouse.failed_checks import failed_of
from event_lens.warehouse.freshness import Freshness
from event_lens.warehouse.readable import Readable
from query.cache import Cache
from query.errors import invalid
from query.freshness import LastFreshness, as_instant
from query.left_out import left_out_notes, left_out_statement
from query.question import Question
from query.report_context import ProjectScope
from query.run import Run
from query.statement import Row, Statement
from query.tables import ESTIMATE_PERCENT, SKETCHED
from query.tail import Tail, read_tail

LIMITS = {
    "max_memory_usage": 2_000_000_000,
    "max_bytes_before_external_group_by": 500_000_000,
    # The files are usually in the system's cache, where handing each small read to another thread costs more than the
    # read.
    "local_filesystem_read_method": "pread",
    # Handing the index of each part to another thread costs more than to look at it: of 90 parts, 14 of 39 ms.
    "max_threads_for_indexes": 1,
    # To read and filter column by column saves reading for rare values, 1 of 20 ms. It costs most other questions up to
    # 15 percent.
    "enable_multiple_prewhere_read_steps": 0,
    # Compiled aggregates make `query` 6 percent faster and no other report. But they are compiled when they are used
    # for the fourth time, and the question waits for it: 20 to 70 ms of a list that takes 12.
    "compile_aggregate_expressions": 0,
}

# A table, database or column that the tables of an earlier version lack.
UNKNOWN = frozenset({"warehouse_60", "warehouse_81", "warehouse_47"})
BAD_PATTERN = "warehouse_427"

STILL_OLD = "A setting has changed: {setting}. Numbers follow the old value until a build has finished."
IN_CHANGE = (
    "A build applies changed settings or definitions. Until one has finished, some numbers follow the old ones and "
    "some the new ones."
)

Answer = dict[str, Any]


class Lender(Protocol):
    """An object that lends connections, such as a `query.pool.Pool`."""

    def lend(self) -> AbstractContextManager[Readable]: ...


class Answers:
    """Answers questions, and caches rows until the next build, for five minutes at most. Safe to use from several
    threads.

    `database` is where the warehouse has the tables of `lens`.
    """

    def __init__(
        self, pool: Lender, clock: Clock, database: str = "lens", timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._database = database
        self._timer = timer
        self._freshness = LastFreshness(clock, timer)
        self._cache = Cache()

    def answer(
        self,
        question: Question,
        previous: Question | None = None,
        *,
        subject: ProjectScope | None = None,
        freshness: Freshness | None = None,
        run: Run | None = None,
    ) -> Answer:
        """Return `{"data", "meta"}`, and under `previous` the data of the question `previous` if it is given. Blocks on
        the warehouse.

        `meta` holds the freshness of the tables of `subject`, which is as `as_built` returns it; `freshness` may have
        been read before. Raises `Refused` for a pattern that does not compile, `Unavailable` when the warehouse cannot
        answer now.
        """
        run, project_id = run or Run(), subject.project_id if subject else ""
        started, now = self._timer(), self._clock()
        with self._pool.lend() as warehouse:
            # Read before the rows, which are therefore at least as fresh.
            freshness = freshness or self._freshness.read(warehouse)
            tail = self._tail(warehouse, question, freshness, run)
            question, rows, is_kept = self._ask(warehouse, question, freshness, run, tail)
            answer: Answer = {"data": question.shape(rows)}
            if previous is not None:
                asked, found, _ = self._ask(warehouse, previous, freshness, run, tail)
                answer["previous"] = asked.shape(found)
            left_out: list[Row] = []
            if subject is not None:
                for each in filter(None, (question, previous)):
                    left_out += self._left_out(warehouse, each, subject, freshness, run, tail)
            # Asked again, a question that took over a second is answered at once from the cache. If the warehouse is
            # away by now, the answer is there all the same.
            with suppress(Unavailable):
                self._freshness.read(warehouse)
        is_now = question.is_live or (question.tail_of is not None and _is_all(question.tail_of, freshness, tail))
        complete_through = now if is_now else freshness.complete_through_of(project_id)
        answer["meta"] = {
            "completeThrough": None if complete_through is None else as_instant(complete_through),
            "timezone": question.timezone,
            "currency": subject.currency if subject else "",
            "table": question.table,
            "cached": is_kept,
            "elapsedMs": round((self._timer() - started) * 1000, 1),
        }
        if aside := freshness.set_aside.get(project_id):
            answer["meta"]["setAside"] = {"since": as_instant(aside.since_ms), "reason": aside.summary}
        pending = subject if subject and subject.is_pending and not question.is_live else None
        if pending:
            answer["meta"]["pendingDays"] = {"first": None, "last": None}
        elif aside:
            answer["meta"]["pendingDays"] = {"first": _date(aside.first_day), "last": _date(aside.last_day)}
        if failed := failed_of(freshness.failed_checks, project_id, question.table, question.statement.sql):
            answer["meta"]["failedChecks"] = [
                {"name": check.check_name, "severity": check.severity, "since": as_instant(check.since_ms)}
                for check in failed
            ]
        if estimated := question.estimated(rows) if question.estimated else SKETCHED.get(question.table):
            answer["meta"]["approximate"] = dict.fromkeys(estimated, ESTIMATE_PERCENT)
        told = pending_notes(pending) if pending else []
        summed = [each.sums_revenue_of for each in (question, previous) if each and each.sums_revenue_of]
        # While settings change, nothing certain can be said of what sums leave out.
        if summed and subject is not None and not pending:
            told += left_out_notes(subject, summed, left_out)
        if notes := [*told, *question.notes, *(tail.notes if tail else ())]:
            answer["meta"]["notes"] = notes
        if question.next_cursor is not None:
            answer["meta"]["nextCursor"] = question.next_cursor(rows)
        return answer

    def freshness(self) -> Freshness:
        """Return the freshness of the tables, at most a second old. Blocks on the warehouse; raises what the warehouse
        raises.
        """
        with self._pool.lend() as warehouse:
            return self._freshness.read(warehouse)

    def renew_freshness(self) -> None:
        """Ask for the freshness before the last one is too old, while questions are asked. Blocks on the warehouse."""
        if self._freshness.is_due():
            # The next question asks again, and is refused if need be.
            with suppress(EventLensError), self._pool.lend() as warehouse:
                self._freshness.renew(warehouse)

    def _tail(self, warehouse: Readable, question: Question, freshness: Freshness, run: Run) -> Tail | None:
        """Return the project's unbuilt tail if the question asks for it and there are tables to which it can be added,
        else None.
        """
        if question.tail_of is None or freshness.version is None:
            return None
        return read_tail(lambda asked: self._read(warehouse, asked, run, is_built=True), question.tail_of)

    def _left_out(
        self,
        warehouse: Readable,
        question: Question,
        subject: ProjectScope,
        freshness: Freshness,
        run: Run,
        tail: Tail | None,
    ) -> list[Row]:
        """Return the days whose sums of revenue leave out currencies, as far as the question sums revenue."""
        if question.sums_revenue_of is None:
            return []
        of_events = tail is not None or not subject.has_states
        statement = left_out_statement(subject, question.sums_revenue_of, of_events=of_events)
        if tail is not None:
            return self._read(warehouse, tail.over(statement), run, is_built=True)
        return self._kept_rows(warehouse, statement, freshness, run)[0]

    def _ask(
        self, warehouse: Readable, question: Question, freshness: Freshness, run: Run, tail: Tail | None
    ) -> tuple[Question, list[Row], bool]:
        """Return the question that was answered, its rows, and whether they are cached."""
        rows, is_kept = self._rows(warehouse, question, freshness, run, tail)
        if question.unless_whole is None or question.is_whole(rows):
            return question, rows, is_kept
        return self._ask(warehouse, question.unless_whole, freshness, run, tail)

    def _rows(
        self, warehouse: Readable, question: Question, freshness: Freshness, run: Run, tail: Tail | None
    ) -> tuple[list[Row], bool]:
        statement = question.statement if tail is None else tail.over(question.statement)
        # If nothing waits, a build may just have ended: cached rows can be of the build before it.
        if question.is_live or question.tail_of is not None:
            return self._read(warehouse, statement, run, is_built=freshness.version is not None), False
        return self._kept_rows(warehouse, statement, freshness, run)

    def _kept_rows(
        self, warehouse: Readable, statement: Statement, freshness: Freshness, run: Run
    ) -> tuple[list[Row], bool]:
        """Return the rows of a statement about built tables, and whether they are cached."""
        if freshness.version is None:
            return self._read(warehouse, statement, run, is_built=False), False
        now = self._clock()
        kept = self._cache.rows(statement, freshness.version, now)
        if kept is not None:
            return kept, True
        rows = self._read(warehouse, statement, run, is_built=True)
        self._cache.keep(statement, freshness.version, now, rows)
        return rows, False

    def _read(self, warehouse: Readable, statement: Statement, run: Run, *, is_built: bool) -> list[Row]:
        try:
            return warehouse.rows(
                statement.sql_over(self._database), statement.parameters, {**LIMITS, **run.next_settings()}
            )
        except Refused as error:
            if error.code in UNKNOWN and not is_built:
                return []  # before the first build there is nothing to count
            if error.code in UNKNOWN:
                raise Unavailable(
                    "The tables are those of an earlier version. Build them once: `eventlens build --full-refresh`.",
                    code="tables_outdated",
                    retry_after_seconds=60,
                ) from error
            if error.code == BAD_PATTERN:
                raise invalid("filters", "A pattern is not a regular expression as RE2 reads them.") from error
            raise Broken(f"A statement of the query layer was refused: {error.message}", code="query_broken") from error


def _is_all(project_id: str, freshness: Freshness, tail: Tail | None) -> bool:
    """Return whether tables and tail together hold all landed events. They do not for a project that builds leave
    out.
    """
    is_built = freshness.version is not None and project_id not in freshness.set_aside
    return is_built and not (tail and tail.is_less)


def pending_notes(subject: ProjectScope) -> list[str]:
    """Return sentences on changes that wait for the end of a build."""
    told = [STILL_OLD.format(setting=setting) for setting in subject.changed]
    return [*told, IN_CHANGE] if subject.is_in_change else told


def _date(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
