"""Prometheus metrics: every name in one list, counted by one process or by several together."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import MultiProcessValue

Name = Literal[
    "eventlens_requests_total",
    "eventlens_received_total",
    "eventlens_rejected_total",
    "eventlens_replays_dropped_total",
    "eventlens_rate_store_failures_total",
    "eventlens_spool_rows_total",
    "eventlens_spool_syncs_total",
    "eventlens_spool_failures_total",
    "eventlens_spool_corrupt_lines_total",
    "eventlens_spool_torn_tails_total",
    "eventlens_spool_missing_lines_total",
    "eventlens_spool_foreign_files_total",
    "eventlens_spool_bytes",
    "eventlens_landed_rows_total",
    "eventlens_landed_segments_total",
    "eventlens_landing_retries_total",
    "eventlens_landing_refused_rows_total",
    "eventlens_question_seconds",
    "eventlens_complete_through",
    "eventlens_projects_set_aside",
]


SECONDS = (0.003, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30)


@dataclass(frozen=True)
class Metric:
    """One metric: a counter when its name ends in `_total`, a histogram when it ends in `_seconds`, else a gauge."""

    name: Name
    help: str
    label: str = ""


METRICS: tuple[Metric, ...] = (
    Metric("eventlens_requests_total", "Requests answered, by status.", "status"),
    Metric("eventlens_received_total", "Events and operations acknowledged."),
    Metric("eventlens_rejected_total", "Events refused and kept in quarantine, by reason.", "code"),
    Metric("eventlens_replays_dropped_total", "Session replay payloads accepted and dropped."),
    Metric("eventlens_rate_store_failures_total", "Times the shared store of the rate limit did not answer."),
    Metric("eventlens_spool_rows_total", "Rows synced to the spool."),
    Metric("eventlens_spool_syncs_total", "Group commits; rows divided by this is the size of a group."),
    Metric("eventlens_spool_failures_total", "Group commits that failed and were answered with 503."),
    Metric("eventlens_spool_corrupt_lines_total", "Spool lines that failed their checksum and were set aside."),
    Metric("eventlens_spool_torn_tails_total", "Segments whose last line was cut off by a crash."),
    Metric("eventlens_spool_missing_lines_total", "Rows that a segment's name promises and its file has lost."),
    Metric("eventlens_spool_foreign_files_total", "Files in the spool that are not segments and were set aside."),
    Metric("eventlens_spool_bytes", "Bytes in the spool of the workers that live."),
    Metric("eventlens_landed_rows_total", "Rows landed in the warehouse, by table.", "table"),
    Metric("eventlens_landed_segments_total", "Segments landed and removed."),
    Metric("eventlens_landing_retries_total", "Landings put off because the warehouse did not answer."),
    Metric("eventlens_landing_refused_rows_total", "Rows the warehouse refused, kept in quarantine."),
    Metric("eventlens_question_seconds", "How long questions took from request to answer, by report.", "report"),
    Metric(
        "eventlens_complete_through",
        "Unix time through which the tables hold what landed, by the query API; 0 before it was first asked.",
    ),
    Metric("eventlens_projects_set_aside", "Projects that builds leave out because one failed for them."),
)


class Metrics:
    """Counters and gauges, of this process unless `share` was called. Thread-safe."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._make()

    def share(self, folder: Path) -> None:
        """Store the counts in files of `folder` from now on, and add up the counts of all processes that share the
        folder. This process's counters restart from zero. After a process ends, its counters stay and its gauges are
        removed.
        """
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        values.ValueClass = MultiProcessValue()  # type: ignore[no-untyped-call]
        self._folder = folder
        self._make()

    def _make(self) -> None:
        self._registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        self._labelled: dict[tuple[str, str], Counter] = {}
        for metric in METRICS:
            labels = (metric.label,) if metric.label else ()
            if metric.name.endswith("_total"):
                self._counters[metric.name] = Counter(metric.name, metric.help, labels, registry=self._registry)
            elif metric.name.endswith("_seconds"):
                self._histograms[metric.name] = Histogram(
                    metric.name, metric.help, labels, registry=self._registry, buckets=SECONDS
                )
            else:
                self._gauges[metric.name] = Gauge(
                    metric.name, metric.help, registry=self._registry, multiprocess_mode="livesum"
                )

    def count(self, name: Name, amount: int = 1, label: str = "") -> None:
        """Add to a counter; `label` is the value of its label, if it has one."""
        counter = self._labelled.get((name, label))
        if counter is None:
            family = self._counters[name]
            counter = self._labelled[name, label] = family.labels(label) if label else family
        counter.inc(amount)

    def observe(self, name: Name, seconds: float, label: str) -> None:
        """Add a duration to a histogram."""
        self._histograms[name].labels(label).observe(seconds)

    def gauge(self, name: Name, value: float) -> None:
        self._gauges[name].set(value)

    def exposition(self) -> tuple[bytes, str]:
        """Return the text that Prometheus reads, and its content type."""
        registry = self._registry
        if self._folder is not None:
            _drop_gauges_of_the_dead(self._folder)
            registry = CollectorRegistry()
            MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST


def empty_shared(folder: Path) -> None:
    """Empty `folder` for sharing: counts of earlier processes are dropped."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink()


def _drop_gauges_of_the_dead(folder: Path) -> None:
    for file in folder.glob("gauge_*.db"):
        process_id = int(file.stem.rpartition("_")[2])
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            file.unlink(missing_ok=True)


metrics = Metrics()
