"""Browsers, systems and devices, by what real clients send (`tests/data/user_agents.csv`)."""

import csv
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.enrichment.user_agent import Agent, parse_user_agent
from event_lens.contract.limits import MAX_USER_AGENT_LENGTH, MAX_WORD_LENGTH

with (Path(__file__).parents[3] / "data" / "user_agents.csv").open(encoding="utf-8", newline="") as file:
    AGENTS = [(row.pop("user_agent"), Agent(**row)) for row in csv.DictReader(file)]
CLASSES = {"desktop", "mobile", "tablet", "tv", "console", "wearable", "bot", "server"}


@pytest.mark.parametrize(("user_agent", "agent"), AGENTS, ids=[text[:70] for text, _ in AGENTS])
def test_an_agent_has_browser_system_and_device(user_agent: str, agent: Agent) -> None:
    assert parse_user_agent(user_agent) == agent


def test_every_class_of_devices_is_tried_with_several() -> None:
    tried = Counter(agent.device for _, agent in AGENTS)
    assert set(tried) - {""} == CLASSES
    assert min(tried[name] for name in CLASSES) >= 5


@pytest.mark.parametrize("user_agent", ["", "Mozilla/5.0", "\x00\xff<script>", "(" * 1024, "한국어"])
def test_an_agent_that_names_nothing_gives_empty_fields(user_agent: str) -> None:
    agent = parse_user_agent(user_agent)
    assert (agent.browser, agent.os, agent.brand, agent.model) == ("", "", "", "")


@given(st.text() | st.sampled_from([text for text, _ in AGENTS]).flatmap(lambda text: st.text().map(text.__add__)))
def test_any_text_is_read_and_can_be_stored(text: str) -> None:
    agent = parse_user_agent(text)
    assert agent == parse_user_agent(text)
    assert agent.device in CLASSES | {""}
    assert max(map(len, agent)) <= MAX_WORD_LENGTH
    assert msgspec.json.encode(agent)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "(",
        "; ",
        "Mozilla/5.0 ",
        "Android ",
        "Version/",
        "http://",
        "HbbTV/1.1 (;",
        "KAKAOTALK ",
        "NAVER(inapp;",
        "9.",
    ],
)
def test_a_hostile_agent_of_64_kilobytes_is_no_burden(unit: str) -> None:
    parse_user_agent("warm")
    started = time.process_time()
    for number in range(10):
        parse_user_agent(f"{number}{unit * (65_536 // len(unit))}")
    assert time.process_time() - started < 0.5


def test_text_beyond_the_limit_is_neither_read_nor_cached() -> None:
    text = "x" * MAX_USER_AGENT_LENGTH
    assert parse_user_agent(f"{text} Mozilla/5.0 (iPhone)") is parse_user_agent(text)
