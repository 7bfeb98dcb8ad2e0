"""Somebody who reads all the time, and writes down every answer."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from event_lens.warehouse.client import Warehouse
from tests.conftest import EmbeddedServer

QUESTIONS = {
    "metrics_daily": "SELECT toString(day) AS on_day, "
    "tuple(sum(events), sum(sessions), sum(unique_visitors)) AS answer FROM lens.metrics_daily GROUP BY on_day",
    "sessions": "SELECT toString(day) AS on_day, tuple(count(), sum(event_count), sum(session_id)) AS answer "
    "FROM lens.sessions GROUP BY on_day",
    "events": "SELECT toString(local_day) AS on_day, tuple(count(), sum(cityHash64(event_id, session_id))) AS answer "
    "FROM lens.events GROUP BY on_day",
}

Answers = dict[tuple[str, str], list[tuple[int, ...]]]
"""By table and day: the answers in the order they came, each once as long as it stayed the same."""


class Reader:
    """`answers` grows while it reads; `count` says how many questions were answered."""

    def __init__(self) -> None:
        self.answers: Answers = defaultdict(list)
        self.count = 0

    def ask(self, warehouse: Warehouse) -> None:
        """Each question once."""
        for table, question in QUESTIONS.items():
            for row in warehouse.rows(question):
                seen = self.answers[table, row["on_day"]]
                if not seen or seen[-1] != row["answer"]:
                    seen.append(row["answer"])
            self.count += 1


@contextmanager
def reading(server: EmbeddedServer) -> Iterator[Reader]:
    """A reader that asks in a tight loop while the block lasts. What it raises is raised at the end of the block."""
    reader, is_over = Reader(), threading.Event()
    failures: list[Exception] = []

    def read() -> None:
        try:
            with Warehouse(server.url) as warehouse:
                while not is_over.is_set():
                    reader.ask(warehouse)
        except Exception as failure:
            failures.append(failure)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield reader
    finally:
        is_over.set()
        thread.join()
    if failures:
        raise failures[0]
