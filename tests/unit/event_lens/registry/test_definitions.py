"""Funnels, retentions, cohorts and goals: kept in one spelling, refused with a remedy, listed and removed."""

from collections.abc import Callable
from typing import Any

import pytest

from event_lens.contract.filters import RawFilter
from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.definitions.cohorts import (
    Count,
    Criterion,
    create_cohort,
    list_cohorts,
    read_criteria,
    remove_cohort,
)
from event_lens.registry.definitions.funnels import Step, create_funnel, list_funnels, remove_funnel
from event_lens.registry.definitions.goals import create_goal, list_goals, remove_goal
from event_lens.registry.definitions.retentions import create_retention, list_retentions, remove_retention
from event_lens.registry.projects import add_to_project, create_project

PRICING = RawFilter("path", "startsWith", "/pricing")
DAY = 86_400

Made = Callable[[Registry, str], Any]
KINDS: dict[str, tuple[Made, Callable[..., list[Any]], Callable[..., Any]]] = {
    "funnel": (lambda r, p: create_funnel(r, p, "x", ("a", "b")), list_funnels, remove_funnel),
    "retention": (lambda r, p: create_retention(r, p, "x", start_event="a"), list_retentions, remove_retention),
    "cohort": (lambda r, p: create_cohort(r, p, "x", (Criterion(event="a"),)), list_cohorts, remove_cohort),
    "goal": (lambda r, p: create_goal(r, p, "x", "a"), list_goals, remove_goal),
}


@pytest.fixture
def project(registry: Registry) -> str:
    return create_project(registry, "shop").project_id


@pytest.mark.parametrize("kind", KINDS)
def test_a_definition_is_listed_until_it_is_removed(registry: Registry, project: str, kind: str) -> None:
    make, list_all, remove = KINDS[kind]
    other = create_project(registry, "other").project_id
    first, second, foreign = make(registry, project), make(registry, project), make(registry, other)
    ids = [getattr(each, f"{kind}_id") for each in (first, second, foreign)]
    assert len(set(ids)) == 3
    assert [getattr(each, f"{kind}_id") for each in list_all(registry)] == ids
    assert [getattr(each, f"{kind}_id") for each in list_all(registry, project)] == ids[:2]
    assert getattr(remove(registry, ids[0]), f"{kind}_id") == ids[0]
    assert [getattr(each, f"{kind}_id") for each in list_all(registry)] == ids[1:]
    with pytest.raises(Refused, match=f"eventlens {kind} list") as refused:
        remove(registry, ids[0])
    assert refused.value.code == f"{kind}_unknown"


@pytest.mark.parametrize("kind", KINDS)
def test_a_definition_belongs_to_a_project(registry: Registry, kind: str) -> None:
    make, list_all, _ = KINDS[kind]
    for refusing in (lambda: make(registry, "nowhere"), lambda: list_all(registry, "nowhere")):
        with pytest.raises(Refused) as refused:
            refusing()
        assert refused.value.code == "project_unknown"
    assert list_all(registry) == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 256, "\udcff", "a\x00b"])
def test_a_name_is_1_to_255_characters(registry: Registry, project: str, name: str) -> None:
    for make in (
        lambda: create_funnel(registry, project, name, ("a", "b")),
        lambda: create_funnel(registry, project, "x", ("a", name.strip())),
        lambda: create_retention(registry, project, name, start_event="a"),
        lambda: create_cohort(registry, project, name, (Criterion(event="a"),)),
        lambda: create_cohort(registry, project, "x", (Criterion(event=name.strip()),)),
        lambda: create_goal(registry, project, name, "a"),
        lambda: create_goal(registry, project, "x", name.strip()),
    ):
        with pytest.raises(Refused, match="1 to 255 characters"):
            make()
    assert create_goal(registry, project, " x" + "y" * 254 + " ", "é" * 255).name == "x" + "y" * 254


def test_a_funnel_keeps_its_steps_filters_and_way_of_counting(registry: Registry, project: str) -> None:
    steps = (Step("screen_view", [PRICING]), "purchase")
    create_funnel(
        registry, project, "f", steps, window_seconds=90 * DAY, counted_by="session", step_order="any",
        breakdown="properties.plan",
    )  # fmt: skip
    [funnel] = list_funnels(registry)
    assert funnel.step_names == ["screen_view", "purchase"]
    assert funnel.step_filters == [[{"name": "path", "operator": "startsWith", "value": ["/pricing"]}], []]
    assert (funnel.window_seconds, funnel.counted_by, funnel.step_order) == (90 * DAY, "session", "any")
    assert funnel.breakdown == "properties.plan"
    plain = create_funnel(registry, project, "g", ("a", "b"))
    assert (plain.window_seconds, plain.counted_by, plain.step_order, plain.breakdown) == (DAY, "device", "ordered", "")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"steps": ("a",)}, "2 to 10 steps, not 1"),
        ({"steps": tuple("abcdefghijk")}, "2 to 10 steps, not 11"),
        ({"window_seconds": 0}, "1 to 7776000 seconds"),
        ({"window_seconds": 90 * DAY + 1}, "1 to 7776000 seconds"),
        ({"counted_by": "hour"}, "device, profile, session"),
        ({"step_order": "random"}, "ordered, strict, any"),
        ({"breakdown": "nothing"}, "no column 'nothing'"),
        ({"breakdown": "channel"}, "no column 'channel'"),
        ({"breakdown": "groups"}, "several values"),
        ({"breakdown": "properties."}, "no column"),
        ({"breakdown": "properties.:`"}, "begins with a colon"),
        ({"breakdown": "properties.plan.:`Int64`"}, "begins with a colon"),
    ],
)
def test_a_funnel_that_cannot_be_counted_is_refused(
    registry: Registry, project: str, changed: dict[str, Any], says: str
) -> None:
    wanted = {"steps": ("a", "b")} | changed
    with pytest.raises(Refused, match=says):
        create_funnel(registry, project, "f", **wanted)
    assert list_funnels(registry) == []


def test_in_any_order_steps_of_one_event_have_few_different_filters(registry: Registry, project: str) -> None:
    steps = tuple(Step("a", [RawFilter("path", "is", f"/{number}")]) for number in range(5))
    create_funnel(registry, project, "f", steps, step_order="ordered")
    create_funnel(registry, project, "f", (*steps[:4], steps[0]), step_order="any")
    with pytest.raises(Refused, match="at most 4 steps"):
        create_funnel(registry, project, "f", steps, step_order="any")


@pytest.mark.parametrize(
    ("filter", "value"),
    [
        (RawFilter("country", "is", ["DE", "FR"]), ["DE", "FR"]),
        (RawFilter("revenue", "gte", 20.5), ["20.5"]),
        (RawFilter("is_identified", "is", True), ["true"]),
        (RawFilter("groups", "isNull"), []),
        (RawFilter("properties.a.b", "regex", r"^\d{4}$"), [r"^\d{4}$"]),
    ],
)
def test_a_filter_is_kept_in_one_spelling(
    registry: Registry, project: str, filter: RawFilter, value: list[str]
) -> None:
    create_goal(registry, project, "g", "a", (filter,))
    [goal] = list_goals(registry)
    assert goal.filters == [{"name": filter.name, "operator": filter.operator, "value": value}]


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        ([RawFilter("entry_path", "is", "/")], "no column 'entry_path'"),
        ([RawFilter("project_id", "is", "p")], "no column 'project_id'"),
        ([RawFilter("path", "like", "/")], "operator is one of is, isNot"),
        ([RawFilter("path", "is", [])], "at least one value"),
        ([RawFilter("path", "isNull", ["x"])], "takes no value"),
        ([RawFilter("revenue", "contains", ["1"])], "does not take contains"),
        ([RawFilter("revenue", "gt", ["much"])], "not a number"),
        ([RawFilter("revenue", "gt", ["inf"])], "not a number"),
        ([RawFilter("revenue", "gt", ["1_000"])], "not a number"),
        ([RawFilter("revenue", "gt", ["1e999"])], "not a finite number"),
        ([RawFilter("path", "regex", ["("])], "not a regular expression .* missing"),
        ([RawFilter("path", "regex", ["(?=a)"])], "invalid perl operator"),
        ([RawFilter("path", "regex", [r"[\b]"])], "invalid escape sequence"),
        ([RawFilter("properties.plan.:`Foo`", "is", ["x"])], "begins with a colon"),
        ([RawFilter("path", "is", ["x"] * 101)], "at most 100 values"),
        ([PRICING] * 21, "at most 20 filters"),
    ],
)
def test_a_filter_that_no_model_could_judge_is_refused_everywhere(
    registry: Registry, project: str, filters: list[RawFilter], says: str
) -> None:
    for make in (
        lambda: create_goal(registry, project, "g", "a", tuple(filters)),
        lambda: create_funnel(registry, project, "f", ("a", Step("b", filters))),
        lambda: create_cohort(registry, project, "c", (Criterion(event="a", filters=filters),)),
    ):
        with pytest.raises(Refused, match=says) as refused:
            make()
        assert refused.value.code == "filters_invalid"
    create_goal(registry, project, "g", "a", (PRICING,) * 20)


def test_a_retention_names_at_least_one_event(registry: Registry, project: str) -> None:
    retention = create_retention(registry, project, "r", return_event="purchase")
    assert (retention.start_event, retention.return_event) == ("", "purchase")
    with pytest.raises(Refused, match="for every project"):
        create_retention(registry, project, "r")


def test_a_cohort_keeps_every_part_of_its_criteria(registry: Registry, project: str) -> None:
    written = """[{"event": "purchase"},
                  {"event": "login", "count": {"operator": "eq", "value": 0}, "within_days": 14,
                   "filters": [{"name": "path", "operator": "isNotNull"}]},
                  {"profile": [{"name": "session_count", "operator": "gt", "value": 3}]}]"""
    create_cohort(registry, project, "c", read_criteria(written), match="any")
    [cohort] = list_cohorts(registry)
    assert cohort.match == "any"
    assert cohort.criteria == [
        {"event": "purchase", "filters": [], "count": {"operator": "gte", "value": 1}, "within_days": None},
        {
            "event": "login",
            "filters": [{"name": "path", "operator": "isNotNull", "value": []}],
            "count": {"operator": "eq", "value": 0},
            "within_days": 14,
        },
        {"profile": [{"name": "session_count", "operator": "gt", "value": ["3"]}]},
    ]


@pytest.mark.parametrize(
    ("criteria", "match", "says"),
    [
        ((), "all", "1 to 20 criteria"),
        ((Criterion(event="a"),) * 21, "all", "1 to 20 criteria"),
        ((Criterion(event="a"),), "most", "all or any"),
        ((Criterion(),), "all", "of an event or has filters on the profile"),
        ((Criterion(profile=[]),), "all", "of an event or has filters on the profile"),
        ((Criterion(profile=[RawFilter("email", "isNotNull")], within_days=3),), "all", "of an event or has"),
        ((Criterion(event="a", profile=[RawFilter("email", "isNotNull")]),), "all", "not of both"),
        ((Criterion(profile=[PRICING]),), "all", "no column 'path'"),
        ((Criterion(event="a", count=Count("gte", 0)),), "all", "gte is 1 to"),
        ((Criterion(event="a", count=Count("lte", -1)),), "all", "lte is 0 to"),
        ((Criterion(event="a", count=Count("gt", 1)),), "all", "gte, lte, eq"),
        ((Criterion(event="a", within_days=0),), "all", "1 to 3660 days"),
    ],
)
def test_a_cohort_that_nobody_could_be_in_or_out_of_is_refused(
    registry: Registry, project: str, criteria: tuple[Criterion, ...], match: str, says: str
) -> None:
    with pytest.raises(Refused, match=says):
        create_cohort(registry, project, "c", criteria, match=match)
    assert list_cohorts(registry) == []


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"events": "a"}]', '[{"event": 1}]', "\udcff", "[" * 5000])
def test_invalid_criteria_are_refused(text: str) -> None:
    with pytest.raises(Refused, match="a JSON array of"):
        read_criteria(text)


def test_a_project_has_as_many_definitions_of_all_kinds_as_its_quota_and_others_have_theirs(registry: Registry) -> None:
    full, other = (create_project(registry, name, quotas=["definitions=4"]).project_id for name in ("full", "other"))
    for make, _, _ in KINDS.values():
        make(registry, full)
    with pytest.raises(Refused) as refused:
        create_goal(registry, full, "x", "a")
    assert refused.value.code == "too_many_definitions"
    assert len(list_goals(registry, full)) == 1
    create_goal(registry, other, "x", "a")
    remove_goal(registry, list_goals(registry, full)[0].goal_id)
    create_goal(registry, full, "x", "a")


def test_filters_of_all_definitions_have_as_many_values_as_the_quota_and_others_are_kept_beyond_it(
    registry: Registry,
) -> None:
    project = create_project(registry, "x", quotas=["filter_values=6"]).project_id
    two = (RawFilter("path", "is", ["/a", "/b"]),)
    create_goal(registry, project, "a", "e", two)
    create_funnel(registry, project, "b", (Step("e", [*two]), Step("f")))
    create_cohort(registry, project, "c", (Criterion(event="e", filters=[*two]),))
    for refused_one in (
        lambda: create_goal(registry, project, "d", "e", two[:1]),
        lambda: create_cohort(registry, project, "d", (Criterion(profile=[RawFilter("email", "is", "a")]),)),
    ):
        with pytest.raises(Refused, match="have up to 6 values together; use fewer, or change") as refused:
            refused_one()
        assert refused.value.code == "too_many_definitions"
    add_to_project(registry, project, quotas=["filter_values=5"])
    for make, _, _ in KINDS.values():
        make(registry, project)


@pytest.mark.parametrize("quota", ["events", "events_a_day", "events_a_day=-1", "events_a_day=1.5", "events_a_day=x"])
def test_a_quota_is_a_name_and_a_whole_number(registry: Registry, quota: str) -> None:
    with pytest.raises(Refused) as refused:
        create_project(registry, "x", quotas=[quota])
    assert refused.value.code == "project_setting_invalid"


def test_the_last_value_of_a_repeated_quota_counts(registry: Registry) -> None:
    project_id = create_project(registry, "x", quotas=["definitions=4", "export_rows=5"]).project_id
    assert add_to_project(registry, project_id, quotas=["definitions=07"]).quotas == ["definitions=7", "export_rows=5"]
