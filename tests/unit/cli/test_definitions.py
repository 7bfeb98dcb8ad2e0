"""`eventlens funnel|retention|cohort|goal` as a user types them."""

import json
import subprocess
from typing import Any

import pytest

from cli.definitions.filter_arguments import read_filter
from event_lens.contract.filters import RawFilter
from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.projects import create_project
from event_lens.settings import Settings
from tests.command import run_command


def run(settings: Settings, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return run_command({"EVENTLENS_HOME": str(settings.home), "COLUMNS": "80"} | more, *arguments)


def answer(settings: Settings, *arguments: str) -> Any:
    done = run(settings, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def project(registry: Registry) -> str:
    return create_project(registry, "shop").project_id


def test_a_funnel_is_made_listed_and_removed(settings: Settings, project: str) -> None:
    made = answer(
        settings, "funnel", "create", "--project", project, "--name", "To [a] plan", "--step", "screen_view",
        "--step", "purchase", "--filter", "1: path regex ^/blog/\\d+$", "--filter", "2: revenue gt 20",
        "--filter", "2:properties.plan is 'pro plus' team", "--by", "session", "--order", "strict",
        "--breakdown", "country", "--window-seconds", "3600",
    )  # fmt: skip
    assert made == {
        "funnelId": made["funnelId"],
        "projectId": project,
        "name": "To [a] plan",
        "steps": [
            {"name": "screen_view", "filters": [{"name": "path", "operator": "regex", "value": ["^/blog/\\d+$"]}]},
            {
                "name": "purchase",
                "filters": [
                    {"name": "revenue", "operator": "gt", "value": ["20"]},
                    {"name": "properties.plan", "operator": "is", "value": ["pro plus", "team"]},
                ],
            },
        ],
        "windowSeconds": 3600,
        "by": "session",
        "order": "strict",
        "breakdown": "country",
    }
    assert answer(settings, "funnel", "list", "--project", project) == [made]
    shown = run(settings, "funnel", "list").stdout
    assert made["funnelId"] in shown
    assert "[a]" in shown
    assert {len(line) for line in shown.splitlines()[1:]} == {80}
    assert run(settings, "funnel", "remove", made["funnelId"]).stdout == f"{made['funnelId']} is removed.\n"
    assert answer(settings, "funnel", "list") == []


def test_a_retention_is_made_listed_and_removed(settings: Settings, project: str) -> None:
    made = answer(settings, "retention", "create", "--project", project, "--name", "Again", "--start-event", "purchase")
    assert made == {
        "retentionId": made["retentionId"],
        "projectId": project,
        "name": "Again",
        "startEvent": "purchase",
        "returnEvent": "",
    }
    assert answer(settings, "retention", "list") == [made]
    assert "(any)" in run(settings, "retention", "list").stdout
    assert run(settings, "retention", "remove", made["retentionId"]).returncode == 0
    assert answer(settings, "retention", "list") == []


def test_a_cohort_is_written_in_words_or_as_the_api_takes_it(settings: Settings, project: str) -> None:
    options = ("cohort", "create", "--project", project, "--name", "Good", "--match", "any")
    words = answer(
        settings, *options, "--did", "add to cart >= 2 in 30 days", "--did", "login = 0 in 1 day", "--did", "visit",
        "--filter", "1: revenue gt 20", "--profile", "properties.plan is pro",
    )  # fmt: skip
    criteria = [
        {
            "event": "add to cart",
            "filters": [{"name": "revenue", "operator": "gt", "value": ["20"]}],
            "count": {"operator": "gte", "value": 2},
            "within_days": 30,
        },
        {"event": "login", "filters": [], "count": {"operator": "eq", "value": 0}, "within_days": 1},
        {"event": "visit", "filters": [], "count": {"operator": "gte", "value": 1}, "within_days": None},
        {"profile": [{"name": "properties.plan", "operator": "is", "value": ["pro"]}]},
    ]
    assert words == {
        "cohortId": words["cohortId"],
        "projectId": project,
        "name": "Good",
        "match": "any",
        "criteria": criteria,
    }
    written = answer(settings, *options, "--criteria", json.dumps(criteria))
    assert written["criteria"] == criteria
    assert answer(settings, "cohort", "list") == [words, written]
    assert words["cohortId"] in run(settings, "cohort", "list").stdout
    assert run(settings, "cohort", "remove", words["cohortId"]).returncode == 0
    assert answer(settings, "cohort", "list") == [written]


def test_a_goal_is_made_listed_and_removed(settings: Settings, project: str) -> None:
    made = answer(
        settings, "goal", "create", "--project", project, "--name", "Big", "--event", "purchase",
        "--filter", "revenue gte 100", "--filter", "path isNotNull",
    )  # fmt: skip
    assert made == {
        "goalId": made["goalId"],
        "projectId": project,
        "name": "Big",
        "event": "purchase",
        "filters": [
            {"name": "revenue", "operator": "gte", "value": ["100"]},
            {"name": "path", "operator": "isNotNull", "value": []},
        ],
    }
    assert answer(settings, "goal", "list", "--project", project) == [made]
    assert run(settings, "goal", "remove", made["goalId"]).returncode == 0
    assert answer(settings, "goal", "list") == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("funnel create --name x --step a --step b --filter path", "begin with its number, 1 to 2"),
        ("funnel create --name x --step a --step b --filter 3:path", "begin with its number, 1 to 2"),
        ("funnel create --name x --step a --step b --filter 1:[/red]", "is not a filter; write NAME OPERATOR VALUE"),
        ("funnel create --name x --step a --step b --breakdown [/red]", "no column '[/red]'"),
        ("cohort create --name x", "1 to 20 criteria"),
        ("cohort create --name x --did a --criteria []", "--criteria stands alone"),
        ("goal create --name \udcff --event a", "1 to 255 characters"),
        ("retention create --name x", "for every project"),
        ("goal remove [/red]", "no goal '[/red]'"),
    ],
)
def test_a_mistake_is_reported_in_one_line(settings: Settings, project: str, arguments: str, says: str) -> None:
    words = arguments.split()
    done = run(settings, *words, *(("--project", project) if words[1] == "create" else ()))
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "filter"),
    [
        ("path is /a", RawFilter("path", "is", ["/a"])),
        ("  path   is  /a\t/b ", RawFilter("path", "is", ["/a", "/b"])),
        ("title is 'a b' \"it's\" ''", RawFilter("title", "is", ["a b", "it's", ""])),
        (r"path regex ^\d+\.html$ '\s'", RawFilter("path", "regex", [r"^\d+\.html$", r"\s"])),
        ("hash is #top", RawFilter("hash", "is", ["#top"])),
        ("path isNull", RawFilter("path", "isNull", [])),
        ("'properties.the plan' is x", RawFilter("properties.the plan", "is", ["x"])),
    ],
)
def test_a_filter_is_read_word_by_word(text: str, filter: RawFilter) -> None:
    assert read_filter(text) == filter


@pytest.mark.parametrize("text", ["", "path", "title is it's"])
def test_text_that_is_not_a_filter_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="NAME OPERATOR VALUE"):
        read_filter(text)
