"""Prometheus metrics: every name in one list, counted per process."""

from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

Name = Literal[
    "eventlens_requests_total",
    "eventlens_received_total",
    "eventlens_rejected_total",
    "eventlens_replays_dropped_total",
    "eventlens_spool_rows_total",
    "eventlens_spool_syncs_total",
    "eventlens_spool_failures_total",
    "eventlens_spool_corrupt_lines_total",
    "eventlens_spool_torn_tails_total",
    "eventlens_spool_foreign_files_total",
    "eventlens_spool_bytes",
    "eventlens_landed_rows_total",
    "eventlens_landed_segments_total",
    "eventlens_landing_retries_total",
    "eventlens_landing_refused_rows_total",
]


@dataclass(frozen=True)
class Metric:
    """One metric: a counter when its name ends in `_total`, else a gauge."""

    name: Name
    help: str
    label: str = ""


METRICS: tuple[Metric, ...] = (
    Metric("eventlens_requests_total", "Requests answered, by status.", "status"),
    Metric("eventlens_received_total", "Events and operations acknowledged."),
    Metric("eventlens_rejected_total", "Events refused and kept in quarantine, by reason.", "code"),
    Metric("eventlens_replays_dropped_total", "Session replay payloads accepted and dropped."),
    Metric("eventlens_spool_rows_total", "Rows synced to the spool."),
    Metric("eventlens_spool_syncs_total", "Group commits; rows divided by this is the size of a group."),
    Metric("eventlens_spool_failures_total", "Group commits that failed and were answered with 503."),
    Metric("eventlens_spool_corrupt_lines_total", "Spool lines that failed their checksum and were set aside."),
    Metric("eventlens_spool_torn_tails_total", "Segments whose last line was cut off by a crash."),
    Metric("eventlens_spool_foreign_files_total", "Files in the spool that are no segments and were set aside."),
    Metric("eventlens_spool_bytes", "Bytes in this worker's spool."),
    Metric("eventlens_landed_rows_total", "Rows landed in the warehouse, by table.", "table"),
    Metric("eventlens_landed_segments_total", "Segments landed and removed."),
    Metric("eventlens_landing_retries_total", "Landings put off because the warehouse did not answer."),
    Metric("eventlens_landing_refused_rows_total", "Rows the warehouse refused, kept in quarantine."),
)


class Metrics:
    """The counters and gauges of one process. Thread-safe."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._labelled: dict[tuple[str, str], Counter] = {}
        for metric in METRICS:
            labels = (metric.label,) if metric.label else ()
            if metric.name.endswith("_total"):
                self._counters[metric.name] = Counter(metric.name, metric.help, labels, registry=self._registry)
            else:
                self._gauges[metric.name] = Gauge(metric.name, metric.help, registry=self._registry)

    def count(self, name: Name, amount: int = 1, label: str = "") -> None:
        """Adds to a counter; `label` is the value of its label, if it has one."""
        counter = self._labelled.get((name, label))
        if counter is None:
            family = self._counters[name]
            counter = self._labelled[name, label] = family.labels(label) if label else family
        counter.inc(amount)

    def gauge(self, name: Name, value: float) -> None:
        self._gauges[name].set(value)

    def exposition(self) -> tuple[bytes, str]:
        """The text that Prometheus reads, and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


metrics = Metrics()
