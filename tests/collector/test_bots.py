"""Crawlers and people."""
# ruff: noqa: E501 -- agents are long

import pytest

from collector.bots import bot_reason

BOTS = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": "crawler:Googlebot\\/",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +https://openai.com/gptbot)": "crawler:GPTBot",
    "curl/8.5.0": "crawler:^curl",
    "": "empty_user_agent",
    "   ": "empty_user_agent",
}
PEOPLE = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5"
    " Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Linux; Android 14; CUBOT X50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
]


@pytest.mark.parametrize(("user_agent", "reason"), BOTS.items())
def test_a_crawler_is_known_by_the_pattern_that_names_it(user_agent: str, reason: str) -> None:
    assert bot_reason(user_agent) == reason


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_a_browser_is_no_crawler(user_agent: str) -> None:
    assert bot_reason(user_agent) == ""
