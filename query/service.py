"""What the routes work with: the registry, the connections to the warehouse, the answers, the clock."""

from dataclasses import dataclass

from event_lens.clock import Clock
from event_lens.registry.connection import Registry, open_registry
from event_lens.settings import Settings
from event_lens.warehouse.access import url_of
from query.answers import Answers
from query.pool import Pool

QUESTIONS_AT_ONCE = 8
EXPORTS_AT_ONCE = 2


@dataclass(frozen=True)
class Service:
    """The parts of one process that answers. Exports have their own connections, held as long as a client reads."""

    registry: Registry
    questions: Pool
    exports: Pool
    answers: Answers
    clock: Clock


def open_service(settings: Settings, clock: Clock) -> Service:
    """Raises what `open_registry` raises; the warehouse is not asked yet."""
    url = url_of(settings, "query")
    questions = Pool(url, QUESTIONS_AT_ONCE)
    return Service(
        registry=open_registry(settings),
        questions=questions,
        exports=Pool(url, EXPORTS_AT_ONCE),
        answers=Answers(questions, clock),
        clock=clock,
    )
