"""Crawlers and people."""
# ruff: noqa: E501 -- agents are long

import time

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from collector.enrichment.bots import bot_reason
from tests.unit.collector.enrichment.test_user_agent import AGENTS

BOTS = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": "crawler:Googlebot\\/",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +https://openai.com/gptbot)": "crawler:GPTBot",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36": "crawler:HeadlessChrome",
    "facebookexternalhit/1.1;kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984": "crawler:facebookexternalhit",
    "Mozilla/5.0 (compatible; Yeti/1.1; +http://naver.me/spd)": "crawler:Yeti",
    "curl/8.5.0": "crawler:^curl",
    "python-requests/2.32.3": "crawler:python-requests",
    "okhttp/4.12.0": "crawler:okhttp",
    "": "empty_user_agent",
    "   ": "empty_user_agent",
    "\t\u3000": "empty_user_agent",
}


@pytest.mark.parametrize(("user_agent", "reason"), BOTS.items())
def test_a_crawler_is_known_by_the_pattern_that_names_it(user_agent: str, reason: str) -> None:
    assert bot_reason(user_agent) == reason


def test_every_example_of_the_published_list_is_a_crawler() -> None:
    examples = [example for crawler in CRAWLER_USER_AGENTS_DATA for example in crawler["instances"]]
    assert len(examples) > 2_000
    assert [example for example in examples if not bot_reason(example).startswith("crawler:")] == []


@pytest.mark.parametrize("user_agent", [text for text, agent in AGENTS if agent.device not in ("bot", "server")])
def test_what_people_use_is_no_crawler(user_agent: str) -> None:
    assert bot_reason(user_agent) == ""


@pytest.mark.parametrize("unit", ["a", "bot ", "-", "Current", "Spider", "(", "Mozilla/5.0 "])
def test_a_hostile_agent_of_64_kilobytes_is_no_burden(unit: str) -> None:
    bot_reason("warm")
    started = time.process_time()
    for number in range(10):
        bot_reason(f"{number}{unit * (65_536 // len(unit))}")
    assert time.process_time() - started < 0.5


@given(st.text())
def test_any_text_has_a_reason_or_none(text: str) -> None:
    assert bot_reason(text) == "" or bot_reason(text).startswith(("crawler:", "empty_user_agent"))
