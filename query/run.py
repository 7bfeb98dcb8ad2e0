"""A run: the statements of one answer, which can be stopped together."""

import threading
from collections.abc import Mapping
from itertools import count
from uuid import uuid4

from event_lens.errors import Unavailable

KILL = "KILL QUERY WHERE user = currentUser() AND startsWith(query_id, {run:String}) ASYNC"


class Run:
    """Names its statements, so that they can be found in the warehouse and killed. Safe to use from several threads."""

    def __init__(self) -> None:
        self.id = uuid4().hex
        self._numbers = count(1)
        self._is_stopped = threading.Event()

    def next_settings(self) -> Mapping[str, object]:
        """Return the settings of the run's next statement. Raises `Unavailable` (`question_stopped`) when the run
        was stopped.
        """
        self.check()
        return {"query_id": f"{self.id}-{next(self._numbers)}"}

    def check(self) -> None:
        """Raise `Unavailable` (`question_stopped`) if the run was stopped."""
        if self._is_stopped.is_set():
            raise Unavailable("Whoever asked has left.", code="question_stopped")

    def stop(self) -> None:
        """Prevent further statements of the run from starting. The caller kills a statement that is running."""
        self._is_stopped.set()
