"""The parts that the routes use: the registry, the shards' warehouses and answers, the clock."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from time import monotonic, perf_counter
from typing import TypeVar

import msgspec

from event_lens.clock import Clock
from event_lens.errors import EventLensError
from event_lens.failure_limit import FailureLimit
from event_lens.logs import get_log
from event_lens.metrics import metrics
from event_lens.registry.database import Registry, open_registry
from event_lens.settings import Settings
from event_lens.shards import all_shards, tables_database
from event_lens.tracing import tracing
from event_lens.warehouse.access import url_of
from event_lens.warehouse.freshness import Freshness
from query.built_scope import as_built
from query.fair_queue import FairQueue
from query.flights import Flights
from query.keys import Keys
from query.page.sign_in import SignIn
from query.periods import local_date
from query.pool import Pool
from query.presence import Receive, while_connected
from query.report import AnyReport, Asked
from query.report_context import ProjectScope
from query.run import KILL, Run
from query.runner import Answers
from query.stream import THREADS as STREAM_THREADS
from query.stream import Streams
from query.transfer import Transfers

T = TypeVar("T")

QUESTIONS_AT_ONCE = 8
QUESTION_WAIT_SECONDS = 20.0
"""How long a question waits for its place: with the 30 seconds that it may take, less than a proxy's minute."""
SERVICE_CONNECTIONS = 2
"""Connections in addition to those of questions, for the service's own statements: health checks and killing
statements, and the freshness.
"""
KILL_AGAIN_SECONDS = 0.5


@dataclass(frozen=True)
class Reply:
    """An answer as JSON, and its tag. `body` is None when the client already has this answer."""

    tag: str | None
    body: bytes | None


@dataclass(frozen=True)
class Shard:
    """The connections to one shard and its answers. Transfers have connections of their own."""

    connections: Pool
    answers: Answers
    transfers: Transfers


@dataclass(frozen=True)
class Service:
    """The parts of one process of the query API."""

    keys: Keys
    shards: Mapping[int, Shard]
    questions: FairQueue
    flights: Flights[Reply]
    threads: ThreadPoolExecutor
    killer: ThreadPoolExecutor
    sign_in: SignIn
    streams: Streams
    registry: Registry
    clock: Clock

    async def answer(
        self,
        receive: Receive,
        subject: ProjectScope,
        report: AnyReport,
        parameters: msgspec.Struct,
        known_tags: frozenset[str] = frozenset(),
    ) -> Reply:
        """Return the answer of `report`, when it is the project's turn and only while the client is connected. Equal
        questions share one answer.

        Raises what `Answers.answer` raises, `Unavailable` when no place becomes free in time, and `ClientGoneError`.
        """
        now = self.clock()
        asked = report.questions(subject, parameters, now)
        question = f"{report.name} {subject} {msgspec.json.encode(parameters)!r}"

        async def in_turn() -> Reply:
            async with self.questions.place(subject.project_id, subject.questions_at_once):
                run, shard = Run(), self.shards[subject.shard]

                def reply() -> Reply:
                    run.check()
                    # Read before the rows, which are therefore at least as new.
                    freshness = shard.answers.freshness()
                    scope = as_built(subject, freshness)
                    by_tables = asked if scope == subject else report.questions(scope, parameters, now)
                    told = f"{question} {scope} {local_date(now, scope.zone)}"
                    tag = _tag(freshness, told, by_tables)
                    if tag in known_tags:
                        return Reply(tag, None)
                    answer = shard.answers.answer(*by_tables, subject=scope, freshness=freshness, run=run)
                    return Reply(tag, msgspec.json.encode(report.typed(answer)))

                return await self._in_thread(run, shard.connections, reply)

        started = perf_counter()
        try:
            with tracing.within("question") as span:
                span.note("report", report.name)
                span.note("project", subject.project_id)
                return await while_connected(receive, self.flights.join((question, known_tags), in_turn))
        finally:
            metrics.observe("eventlens_question_seconds", perf_counter() - started, report.name)

    def as_built(self, subject: ProjectScope) -> ProjectScope:
        """Return `subject` as its tables have it; with its settings of now if the warehouse does not answer. Blocks."""
        try:
            return as_built(subject, self.shards[subject.shard].answers.freshness())
        except EventLensError:
            return subject

    def gauge_freshness(self) -> None:
        """Set the freshness metrics from the shard with the oldest tables. Blocks; raises what the warehouse raises."""
        fresh = [shard.answers.freshness() for shard in self.shards.values()]
        metrics.gauge("eventlens_complete_through", min(each.complete_through or 0 for each in fresh) / 1000)
        metrics.gauge("eventlens_projects_set_aside", sum(len(each.set_aside) for each in fresh))

    async def _in_thread(self, run: Run, connections: Pool, work: Callable[[], T]) -> T:
        """Run `work`, which blocks, in a thread and return its result. When cancelled, kill the statements of `run` in
        the warehouse.
        """
        loop = asyncio.get_running_loop()
        job = loop.run_in_executor(self.threads, work)
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            run.stop()
            # Repeated until the statement has ended: one that was just sent is not found yet.
            while not job.done():
                await loop.run_in_executor(self.killer, _kill, connections, run)
                await asyncio.wait({job}, timeout=KILL_AGAIN_SECONDS)
            job.exception()
            raise


def _kill(connections: Pool, run: Run) -> None:
    try:
        with connections.lend() as warehouse:
            warehouse.rows(KILL, {"run": run.id})
    except EventLensError as error:
        # The statement then ends by its own limits.
        get_log("query").warning("kill_failed", code=error.code, message=error.message)


def _tag(freshness: Freshness, question: str, asked: Asked) -> str | None:
    """Return the tag of an answer from built tables; None for a live question, or before the first build."""
    first = asked[0]
    if first.is_live or first.tail_of is not None or freshness.version is None:
        return None
    statements = [each.statement.key for each in asked if each is not None]
    told = repr((freshness.version, question, statements)).encode("utf-8", "surrogatepass")
    return f'W/"{sha256(told).hexdigest()[:32]}"'


def open_service(settings: Settings, clock: Clock) -> Service:
    """Open the registry and make the parts of the service. Raises what `open_registry` raises; the warehouse is not
    asked yet.
    """
    registry = open_registry(settings)
    keys = Keys(registry, settings.failed_keys)
    shards = {shard: _open_shard(settings, shard, clock) for shard in all_shards(settings)}
    return Service(
        keys=keys,
        shards=shards,
        questions=FairQueue(QUESTIONS_AT_ONCE, wait_seconds=QUESTION_WAIT_SECONDS),
        flights=Flights(),
        threads=ThreadPoolExecutor(QUESTIONS_AT_ONCE, thread_name_prefix="question"),
        killer=ThreadPoolExecutor(1, thread_name_prefix="kill"),
        sign_in=SignIn(settings.home, registry, keys, FailureLimit(settings.failed_keys, monotonic), clock),
        streams=Streams(lambda subject: shards[subject.shard].answers, clock),
        registry=registry,
        clock=clock,
    )


def _open_shard(settings: Settings, shard: int, clock: Clock) -> Shard:
    """Return the connections to a shard. A project's questions go to its shard alone, and read the tables that were
    built there.
    """
    url, database = url_of(settings, "query", shard), tables_database(settings)
    connections = Pool(url, QUESTIONS_AT_ONCE + STREAM_THREADS + SERVICE_CONNECTIONS)
    return Shard(connections, Answers(connections, clock, database), Transfers(url, database=database))
