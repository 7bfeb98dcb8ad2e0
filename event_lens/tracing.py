"""Traces by OpenTelemetry, where EVENTLENS_OTLP_ENDPOINT is set; otherwise OpenTelemetry is not imported.

A batch has a trace of its own whose id is derived from the batch's id, so that requests, landings and builds, which are
different processes at different times, link to one another without stored state. Spans hold names, counts and codes,
never addresses or sent data.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Protocol, cast

from event_lens.errors import Refused
from event_lens.settings import Settings

Value = str | int


class Span(Protocol):
    """A piece of work under way."""

    def note(self, name: str, value: Value) -> None: ...

    def link(self, batch_id: str) -> None:
        """Point to the trace of a batch."""


class Tracer(Protocol):
    """Makes spans and sends them."""

    def request(self, name: str, traceparent: str) -> AbstractContextManager[Span]: ...

    def within(self, name: str) -> AbstractContextManager[Span]: ...

    def batch(self, name: str, batch_id: str) -> AbstractContextManager[Span]: ...

    def past(
        self, name: str, started_at_seconds: float, batch_ids: Iterable[str], notes: Mapping[str, Value]
    ) -> None: ...

    def flush(self) -> None: ...


class _Nothing:
    def note(self, name: str, value: Value) -> None:
        pass

    def link(self, batch_id: str) -> None:
        pass


_NOTHING: AbstractContextManager[Span] = nullcontext(_Nothing())


class Tracing:
    """The traces of this process: none until `set_up`."""

    def __init__(self) -> None:
        self._tracer: Tracer | None = None

    @property
    def is_on(self) -> bool:
        return self._tracer is not None

    def set_up(self, settings: Settings, service: str) -> None:
        """Send spans from now on, if the setting says where.

        Raises `Refused` (`traces_missing`) without the packages.
        """
        if not settings.otlp_endpoint:
            return
        try:
            module = import_module("event_lens.otlp")
        except ModuleNotFoundError as error:
            raise Refused(
                "EVENTLENS_OTLP_ENDPOINT is set and the packages of OpenTelemetry are not there. Install them "
                "(`pip install '.[traces]'`), or unset it.",
                code="traces_missing",
            ) from error
        self.use(cast(Tracer, module.connect(settings.otlp_endpoint, service, settings.trace_share)))

    def use(self, tracer: Tracer | None) -> None:
        self._tracer = tracer

    def request(self, name: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> AbstractContextManager[Span]:
        """Return the span of a request, with a link to the trace in the sender's headers (W3C Trace Context)."""
        if self._tracer is None:
            return _NOTHING
        senders = next((value.decode("latin-1") for header, value in headers if header == b"traceparent"), "")
        return self._tracer.request(name, senders)

    def within(self, name: str) -> AbstractContextManager[Span]:
        """Return a child of the current span."""
        return self._tracer.within(name) if self._tracer else _NOTHING

    def batch(self, name: str, batch_id: str) -> AbstractContextManager[Span]:
        """Return a span in the trace of a batch."""
        return self._tracer.batch(name, batch_id) if self._tracer else _NOTHING

    def past(self, name: str, started_at_seconds: float, batch_ids: Iterable[str], notes: Mapping[str, Value]) -> None:
        """Record a span that began at `started_at_seconds` and ends now, with links to batches."""
        if self._tracer:
            self._tracer.past(name, started_at_seconds, batch_ids, notes)

    def flush(self) -> None:
        """Send the queued spans; blocks for two seconds at most."""
        if self._tracer:
            self._tracer.flush()


tracing = Tracing()
