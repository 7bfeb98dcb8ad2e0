"""What the routes work with: the registry, the way to the warehouse, the answers, the clock."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import msgspec

from event_lens.clock import Clock
from event_lens.registry.database import Registry, open_registry
from event_lens.settings import Settings
from event_lens.warehouse.access import url_of
from query.fair_queue import FairQueue
from query.pool import Pool
from query.presence import Receive, in_thread, while_connected
from query.report import AnyReport, Asked
from query.runner import Answers
from query.transfer import Transfers

QUESTIONS_AT_ONCE = 8
SERVICE_CONNECTIONS = 1
"""Beside those of questions, for what the service itself asks: whether the warehouse answers."""


@dataclass(frozen=True)
class Service:
    """The parts of one process that answers. Transfers have connections of their own."""

    registry: Registry
    connections: Pool
    questions: FairQueue
    threads: ThreadPoolExecutor
    answers: Answers
    transfers: Transfers
    clock: Clock

    async def answer(self, receive: Receive, project_id: str, report: AnyReport, asked: Asked) -> bytes:
        """The answer of `report` as JSON, when it is the project's turn and while the client is there.

        Raises what that raises, `Unavailable` when no place comes free in time, `ClientGoneError`.
        """

        async def in_turn() -> bytes:
            async with self.questions.place(project_id):
                return await in_thread(self.threads, lambda: self._encoded(report, asked))

        return await while_connected(receive, in_turn())

    def _encoded(self, report: AnyReport, asked: Asked) -> bytes:
        return msgspec.json.encode(report.typed(self.answers.answer(*asked)))


def open_service(settings: Settings, clock: Clock) -> Service:
    """Raises what `open_registry` raises; the warehouse is not asked yet."""
    url = url_of(settings, "query")
    connections = Pool(url, QUESTIONS_AT_ONCE + SERVICE_CONNECTIONS)
    return Service(
        registry=open_registry(settings),
        connections=connections,
        questions=FairQueue(QUESTIONS_AT_ONCE),
        threads=ThreadPoolExecutor(QUESTIONS_AT_ONCE, thread_name_prefix="question"),
        answers=Answers(connections, clock),
        transfers=Transfers(url),
        clock=clock,
    )
