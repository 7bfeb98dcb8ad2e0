"""The questions of the cookbook and of the page of tables, asked as an analyst asks, and held against the API."""

import json
import os
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars
import pytest

from docs.generate.answers import WRITE
from docs.generate.questions import ANSWERS, PARAMETERS, SqlQuestion, read_answers, read_questions
from query.client.lens import Lens
from query.client.local import Local
from query.report_context import ProjectScope
from tests.conftest import EmbeddedServer
from tests.unit.query.demo_shop import CURRENCY, DEMO, NOW, ZONE
from tests.unit.query.sample_projects import World

COOKBOOK = read_questions("cookbook")
QUESTIONS = COOKBOOK + read_questions("tables")
PERIOD = {"start_date": PARAMETERS["start"], "end_date": PARAMETERS["end"]}


@pytest.fixture(scope="module")
def analyst(world: World, embedded_warehouse: EmbeddedServer) -> Lens:
    """The demo's shop as the user `analyst` sees it, who has no password and reads `lens` alone."""
    url = embedded_warehouse.guarded_url.replace("://", "://analyst:@")
    return Lens(Local(url, _subject, project_id=world.projects["demo"].project_id))


@pytest.fixture(scope="module")
def lens(world: World, warehouse_url: str) -> Lens:
    """The reports of the demo's shop, as they were on its last afternoon."""
    return Lens(Local(warehouse_url, _subject, clock=lambda: NOW))


def _subject(_: object) -> ProjectScope:
    return ProjectScope(DEMO, ZoneInfo(ZONE), CURRENCY)


@pytest.fixture(scope="module")
def frames(analyst: Lens) -> dict[str, polars.DataFrame]:
    """Every question's answer."""
    given = {name: value for name, value in PARAMETERS.items() if name != "project"}
    return {each.name: analyst.sql(each.sql, given) for each in QUESTIONS}


def test_answers_are_written_down_as_they_are_given(frames: dict[str, polars.DataFrame]) -> None:
    given = {name: {"columns": frame.columns, "rows": list(_rows(frame))} for name, frame in frames.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(answer, ensure_ascii=False)}" for name, answer in given.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    if WRITE in os.environ:
        ANSWERS.write_text(text)
    assert json.loads(text) == read_answers(), "write them again: python -m docs.generate.answers"


@pytest.mark.parametrize("each", [each for each in COOKBOOK if each.call], ids=lambda each: each.name)
def test_the_api_answers_the_same(each: SqlQuestion, frames: dict[str, polars.DataFrame], lens: Lens) -> None:
    ours, theirs = frames[each.name], eval(each.call, {"lens": lens, "period": PERIOD})
    both = [name for name in ours.columns if name in theirs.columns]
    assert len(both) >= 2
    assert list(_rows(ours.select(both))) == list(_rows(theirs.select(both)))


def test_there_are_thirty_questions_and_most_have_rows(frames: dict[str, polars.DataFrame]) -> None:
    assert len(COOKBOOK) >= 30
    assert [each.name for each in COOKBOOK if frames[each.name].is_empty()] == []
    assert len({each.question for each in COOKBOOK}) == len(COOKBOOK)


def _rows(frame: polars.DataFrame) -> Iterator[list[Any]]:
    """Rows as JSON holds them; numbers to nine digits, for sums of parts differ in their last."""
    for row in frame.rows():
        yield [_plain(value) for value in row]


def _plain(value: Any) -> Any:
    if isinstance(value, (float, Decimal)):
        return round(float(value), 9)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds" if not value.microsecond else "milliseconds")
    return value.isoformat() if isinstance(value, date) else value
