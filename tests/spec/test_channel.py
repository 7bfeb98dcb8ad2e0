"""The channel macro, row by row, on the engine and without a build."""

import csv

from jinja2 import Template

from collector.enrichment.referrer import CLICK_IDS
from event_lens.warehouse.client import Warehouse
from tests.spec.build import ROOT
from tests.spec.cases.channels import VISITS, Visit

MACROS = (ROOT / "dbt_project/macros/channel.sql").read_text()
CATEGORIES = ROOT / "dbt_project/seeds/ga4_source_categories.csv"
QUESTION = """
    with
        visit.1 as utm_source, visit.2 as utm_medium, visit.3 as utm_campaign, visit.4 as referrer,
        visit.5 as referrer_type, visit.6 as referrer_name, visit.7 as click_id, 'https://shop.example' as origin,
        {{ channel_source() }} as source,
        {{ channel_medium() }} as medium,
        transform(source, {sources:Array(String)}, {categories:Array(String)}, '') as source_category
    select {{ channel() }} as channel
    from (select arrayJoin({visits:Array(Tuple(String, String, String, String, String, String, String))}) as visit)
"""


def channels(warehouse: Warehouse, visits: list[Visit]) -> list[str]:
    with CATEGORIES.open() as file:
        sources, categories = zip(*[tuple(row.values()) for row in csv.DictReader(file)], strict=True)
    rows = [(v.source, v.medium, v.campaign, v.referrer, v.type, v.name, v.click) for v in visits]
    question = Template(MACROS + QUESTION).render()
    values = {"visits": rows, "sources": list(sources), "categories": list(categories)}
    return [row["channel"] for row in warehouse.rows(question, values)]


def test_every_visit_has_the_channel_that_the_table_says(warehouse: Warehouse) -> None:
    found = channels(warehouse, VISITS)
    wrong = [(visit, channel) for visit, channel in zip(VISITS, found, strict=True) if visit.channel != channel]
    assert not wrong


def test_every_channel_is_in_the_table() -> None:
    named = {word for word in MACROS.split("'") if word[:1].isupper() and "_" not in word and word.isascii()}
    assert {visit.channel for visit in VISITS} == {name for name in named if "SOURCE" not in name}


def test_no_click_id_of_the_collector_is_unassigned(warehouse: Warehouse) -> None:
    visits = [Visit("", click=click_id, type=kind, name=name) for click_id, (kind, name) in CLICK_IDS.items()]
    assert not {"Unassigned", "Direct", "Referral"} & set(channels(warehouse, visits))
