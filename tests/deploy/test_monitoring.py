"""Alert rules and the dashboard ask for metrics that `/metrics` has, by labels that these have."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
import yaml

from event_lens.metrics import METRICS, Metrics
from tests.deploy.front import DEPLOY

MONITORING = DEPLOY / "monitoring"
BY_NAME = {metric.name: metric for metric in METRICS}
OF_PROMETHEUS = {"job", "instance", "le"}


def alert_expressions() -> list[str]:
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def panel_expressions() -> list[str]:
    panels = json.loads((MONITORING / "grafana.json").read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def served_names() -> set[str]:
    """The names in the text that the collector and the query API answer on `/metrics`."""
    metrics = Metrics()
    for metric in METRICS:
        if metric.name.endswith("_seconds"):
            metrics.observe(metric.name, 1.0, "x")
        elif metric.name.endswith("_total"):
            metrics.count(metric.name, 1, "x" if metric.label else "")
    text, _ = metrics.exposition()
    return set(re.findall(r"^(eventlens_\w+)", text.decode(), re.MULTILINE))


def metrics_in(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric of an expression with all labels that the expression names."""
    labels = {label.strip() for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(",")}
    for name, selected in re.findall(r"\b(eventlens_\w+)(?:\{([^}]*)\})?", expression):
        yield name, labels | set(re.findall(r"(\w+)\s*[=!]", selected))


@pytest.mark.parametrize("expression", [*alert_expressions(), *panel_expressions()])
def test_every_expression_reads_metrics_that_are_served(expression: str) -> None:
    for name, labels in metrics_in(expression):
        assert name in served_names()
        metric = BY_NAME[re.sub(r"(_seconds)_(bucket|count|sum)$", r"\1", name)]  # type: ignore[index]
        assert labels - OF_PROMETHEUS <= {metric.label}


def test_the_dashboard_shows_every_metric() -> None:
    shown = {name for expression in panel_expressions() for name, _ in metrics_in(expression)}
    assert {re.sub(r"_(bucket|count)$", "", name) for name in shown} == set(BY_NAME)


def test_every_alert_says_what_to_do() -> None:
    for group in yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            assert set(rule["annotations"]) == {"summary", "remedy"}
            assert rule["labels"]["severity"] in ("critical", "warning")


def test_prometheus_takes_the_rules() -> None:
    if (promtool := shutil.which("promtool")) is None:
        pytest.skip("promtool is missing: install Debian's package prometheus")
    checked = subprocess.run(
        [promtool, "check", "config", MONITORING / "prometheus.yml"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
