"""Crawlers and people."""
# ruff: noqa: E501 -- agents are long

import csv
import re
import time
from importlib.metadata import version

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from collector.enrichment.bots import bot_reason, judge
from collector.enrichment.lists import CRAWLERS, PACKAGE, crawler_rows
from tests.unit.collector.enrichment.test_user_agent import AGENTS

KINDS = {"empty_user_agent", "crawler", "feed", "preview", "library", "named"}
BOTS = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": "crawler:Googlebot\\/",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +https://openai.com/gptbot)": "crawler:GPTBot",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36": "crawler:HeadlessChrome",
    "facebookexternalhit/1.1;kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984": "preview:facebookexternalhit",
    "Mozilla/5.0 (compatible; Yeti/1.1; +http://naver.me/spd)": "crawler:Yeti",
    "curl/8.5.0": "library:^curl",
    "python-requests/2.32.3": "library:python-requests",
    "SomethingNewBot/1.0": "named:bot",
    "Mozilla/5.0 (compatible; NewThing/1.0; +https://thing.example/crawler)": "named:crawler",
    "Liferea/1.8.3 (Linux; en_GB.UTF-8; http://liferea.sf.net/)": "feed:Liferea",
    "UniversalFeedParser/4.2 +http://feedparser.org/": "feed:UniversalFeedParser",
    "Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)": "feed:Feedly",
    "WhatsApp/2.23.20.0": "preview:WhatsApp",
    "": "empty_user_agent",
    "   ": "empty_user_agent",
    "\t\u3000": "empty_user_agent",
}


@pytest.mark.parametrize(("user_agent", "reason"), BOTS.items())
def test_a_crawler_is_known_by_the_pattern_that_names_it(user_agent: str, reason: str) -> None:
    assert bot_reason(user_agent) == reason


IN_APPS = {
    "Viber": "Mozilla/5.0 (Linux; Android 14; SM-S918B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36 Viber/22.1",
    "WhatsApp": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 WhatsApp/23.10",
    "Zalo": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Zalo iOS/600",
    "Baidu": "Mozilla/5.0 (Linux; Android 14; V2) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36 baiduboxapp/13.8 (Baidu; P1 14)",
    "Google": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/300.0.5 Mobile/15E148 Safari/604.1",
}


@pytest.mark.parametrize("name", IN_APPS)
def test_a_reader_in_a_messengers_browser_is_a_person(name: str) -> None:
    for is_log in (False, True):
        verdict = judge(IN_APPS[name], is_log=is_log)
        assert (verdict.agent.browser, verdict.agent.device, verdict.reason) == (name, "mobile", "")


@pytest.mark.parametrize(
    ("user_agent", "reason"),
    [
        ("Mozilla/5.0 (compatible; Example Cardyb/1.1; +mailto:a@example.com)", "named:example cardyb"),
        ("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)", ""),
        ("Mozilla/5.0 (compatible; Konqueror/4.5; FreeBSD) KHTML/4.5.4 (like Gecko)", ""),
    ],
)
def test_an_agent_that_claims_to_be_compatible_and_names_no_system_is_a_program(user_agent: str, reason: str) -> None:
    assert bot_reason(user_agent) == reason


def test_every_example_of_the_published_list_is_a_crawler() -> None:
    examples = [example for crawler in CRAWLER_USER_AGENTS_DATA for example in crawler["instances"]]
    assert len(examples) > 2_000
    people = {example for example in examples if not bot_reason(example)}
    assert all(example.startswith("okhttp/") for example in people)


@pytest.mark.parametrize("user_agent", [text for text, agent in AGENTS if agent.device not in ("bot", "server")])
def test_agents_that_people_use_are_not_crawlers(user_agent: str) -> None:
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
    verdict = judge(text)
    assert verdict.reason == "" or verdict.reason.partition(":")[0] in KINDS
    assert (verdict.agent.device == "bot") is bool(verdict.reason)


# The verdict on a sender of events, and on the requester of a page in an access log.
APPLICATIONS = {
    "okhttp/4.12.0": "library:okhttp",
    "MyApp/3 CFNetwork/1410.0.3 Darwin/22.6.0": "library:CFNetwork/",
    "Dart/3.1 (dart:io)": "library:^Dart/",
    "Dalvik/2.1.0 (Linux; U; Android 13; SM-G991B)": "library:^Dalvik/",
    "Java/1.8.0_91": "program:Java",
    "MyTool/2.1": "program:MyTool",
}


@pytest.mark.parametrize(("user_agent", "in_a_log"), APPLICATIONS.items())
def test_an_application_that_sends_events_is_a_person_and_one_that_requests_pages_is_a_program(
    user_agent: str, in_a_log: str
) -> None:
    assert bot_reason(user_agent) == ""
    assert bot_reason(user_agent, is_log=True) == in_a_log


def test_a_crawler_that_uses_a_library_of_applications_is_a_crawler() -> None:
    assert bot_reason("AASA-Bot/1.0 CFNetwork/1410 Darwin/22").startswith("preview:")


@pytest.mark.parametrize(
    "user_agent", ["Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 20) Chrome/99 Mobile", "Spiderman/2.0"]
)
def test_names_that_only_look_like_bots_are_not_bots(user_agent: str) -> None:
    assert bot_reason(user_agent) == ""


def test_the_list_names_its_source_and_date_and_equals_the_packages() -> None:
    note, header, *rows = CRAWLERS.read_text().splitlines()
    assert re.fullmatch(rf"# {PACKAGE} \d+\.\d+\.\d+, MIT licence, written on \d{{4}}-\d\d-\d\d by `make lists`", note)
    assert header == "kind,pattern"
    if f" {version(PACKAGE)}," in note:
        assert [tuple(row) for row in csv.reader(rows)] == list(crawler_rows())
