"""Browsers, systems and devices, by what real clients send."""
# ruff: noqa: E501 -- agents are long

import pytest

from collector.user_agent import parse_user_agent

# What was sent, and: browser, its version, system, its version, device class, brand, model.
AGENTS = [
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        ("Chrome", "126.0", "Windows", "10", "desktop", "", ""),
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
        ("Safari", "17.5", "Mac OS X", "10.15", "desktop", "Apple", "Mac"),
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        ("Firefox", "128.0", "Linux", "", "desktop", "", ""),
    ),
    (
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        ("Chrome", "126.0", "Chrome OS", "14541.0", "desktop", "", ""),
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
        ("Edge", "126.0", "Windows", "10", "desktop", "", ""),
    ),
    (
        "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
        ("IE", "11.0", "Windows", "7", "desktop", "", ""),
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) slack/4.38 Chrome/126.0.0.0 Electron/31 Safari/537.36",
        ("Chrome", "126.0", "Mac OS X", "10.15", "desktop", "Apple", "Mac"),
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        ("Mobile Safari", "17.5", "iOS", "17.5", "mobile", "Apple", "iPhone"),
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 KAKAOTALK 10.8.5",
        ("Mobile Safari UI/WKWebView", "", "iOS", "17.5", "mobile", "Apple", "iPhone"),
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        ("Mobile Safari", "17.5", "iOS", "17.5", "tablet", "Apple", "iPad"),
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; SM-S921N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
        ("Chrome Mobile", "126.0", "Android", "14", "mobile", "Samsung", "SM-S921N"),
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; SM-S921N) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
        ("Samsung Internet", "25.0", "Android", "14", "mobile", "Samsung", "SM-S921N"),
    ),
    (
        "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        ("Chrome", "126.0", "Android", "13", "tablet", "", "SM-X700"),
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
        ("Chrome Mobile", "126.0", "Android", "10", "mobile", "", ""),
    ),
    (
        "Mozilla/5.0 (Linux; Android 11; KFTRWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.1 like Chrome/120.0 Safari/537.36",
        ("Amazon Silk", "120.1", "Android", "11", "tablet", "Amazon", "Kindle"),
    ),
    (
        "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36",
        ("Safari", "", "Tizen", "6.0", "tv", "Samsung", "SMART-TV"),
    ),
    (
        "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager",
        ("Chrome", "94.0", "Web0S", "", "tv", "LG", "Web0S SmartTV"),
    ),
    (
        "Mozilla/5.0 (Linux; Android 9; AFTMM) AppleWebKit/537.36 (KHTML, like Gecko) Silk/112.5.1 like Chrome/112.0 Safari/537.36",
        ("Amazon Silk", "112.5", "Android", "9", "tv", "Amazon", "Kindle"),
    ),
    (
        "Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0 Safari/537.36 CrKey/1.54.248666",
        ("Chrome", "90.0", "Chromecast Linux", "1.54", "tv", "Google", "Chromecast"),
    ),
    ("AppleTV11,1/11.1", ("", "", "ATV OS X", "", "tv", "Apple", "AppleTV")),
    (
        "Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15",
        ("Safari", "15.4", "", "", "console", "Sony", "PlayStation 5"),
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/48.0 Safari/537.36 Edge/44.18363",
        ("Edge", "44.18363", "Windows", "10", "console", "", ""),
    ),
    (
        "Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/606.4 (KHTML, like Gecko) NF/6.0.1.16.10 NintendoBrowser/5.1.0.20923",
        ("", "", "", "", "console", "Nintendo", "Switch"),
    ),
    (
        "Mozilla/5.0 (Linux; Android 11; SM-R890 Watch) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/20.0 Safari/537.36",
        ("Samsung Internet", "20.0", "Android", "11", "wearable", "", "SM-R890 Watch"),
    ),
    (
        "Mozilla/5.0 (Mobile; Nokia 8110 4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
        ("Firefox Mobile", "48.0", "KaiOS", "2.5", "mobile", "Nokia", "8110"),
    ),
    (
        "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/29.3709; U; en) Presto/2.8.119 Version/11.10",
        ("Opera Mini", "7.1", "", "", "mobile", "", "Feature Phone"),
    ),
    (
        "MyApp/3.2 (iPhone; iOS 17.5; Scale/3.00)",
        ("Mobile Safari UI/WKWebView", "", "iOS", "17.5", "mobile", "Apple", "iPhone"),
    ),
    ("okhttp/4.12.0", ("okhttp", "4.12", "", "", "server", "", "")),
    ("python-requests/2.32.3", ("Python Requests", "2.32", "", "", "server", "", "")),
    ("MyApp/1.0 CFNetwork/1494.0.7 Darwin/23.4.0", ("MyApp", "1.0", "iOS", "17.4", "mobile", "Apple", "iOS-Device")),
    (
        "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/UQ1A.240205.002)",
        ("Android", "14", "Android", "14", "mobile", "Google", "Pixel 8"),
    ),
    ("Mozilla/5.0", ("", "", "", "", "", "", "")),
]


@pytest.mark.parametrize(("user_agent", "result"), AGENTS, ids=range(len(AGENTS)))
def test_an_agent_says(user_agent: str, result: tuple[str, ...]) -> None:
    assert tuple(parse_user_agent(user_agent)) == result


@pytest.mark.parametrize("user_agent", ["", "Mozilla/5.0", "\x00\xff<script>", "(" * 1024, "한국어"])
def test_what_says_nothing_gives_nothing(user_agent: str) -> None:
    agent = parse_user_agent(user_agent)
    assert (agent.browser, agent.os, agent.brand, agent.model) == ("", "", "", "")


def test_a_word_that_merely_holds_a_mark_is_no_television() -> None:
    text = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Minecraft/1.0 Safari/537.36"
    )
    assert parse_user_agent(text).device == "desktop"
