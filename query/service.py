"""What the routes work with: the registry, the connections to the warehouse, the answers, the clock."""

from dataclasses import dataclass

from event_lens.clock import Clock
from event_lens.registry.connection import Registry, open_registry
from event_lens.settings import Settings
from event_lens.warehouse.access import url_of
from query.answers import Answers
from query.pool import Pool
from query.transfer import Transfers

QUESTIONS_AT_ONCE = 8


@dataclass(frozen=True)
class Service:
    """The parts of one process that answers. Transfers have connections of their own."""

    registry: Registry
    questions: Pool
    transfers: Transfers
    answers: Answers
    clock: Clock


def open_service(settings: Settings, clock: Clock) -> Service:
    """Raises what `open_registry` raises; the warehouse is not asked yet."""
    url = url_of(settings, "query")
    questions = Pool(url, QUESTIONS_AT_ONCE)
    return Service(
        registry=open_registry(settings),
        questions=questions,
        transfers=Transfers(url),
        answers=Answers(questions, clock),
        clock=clock,
    )
