"""Parses browser, system and device from a User-Agent, with ua-parser's Rust engine."""

import re
from functools import lru_cache
from typing import NamedTuple

from ua_parser import Device, Parser
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver

from collector.enrichment.device_type import device_class, maker
from event_lens.contract.limits import MAX_USER_AGENT_LENGTH, MAX_WORD_LENGTH

OTHER = "Other"
SPIDER = "Spider"
NO_MODELS = frozenset({"K", "Smartphone", "Tablet", "Feature Phone"})  # texts in place of a model
XBOX = re.compile(r"Xbox (?:One|Series [XS])")
# Only a name and a version: a custom program, even if another list calls it a spider.
PROGRAM = re.compile(r"[\w.-]+/[\w.]+")
# An application's browser on an iPad that asks for desktop pages: no Mac says Mobile.
IPAD_AS_MAC = re.compile(r"\(Macintosh; .*\bMobile/\w+")
# Applications with a browser of their own that ua-parser takes for the system's.
APPLICATIONS = (
    ("KakaoTalk", re.compile(r"KAKAOTALK(?:[ /](\d+(?:\.\d+)?))?")),
    ("Naver", re.compile(r"NAVER\(inapp;(?:[^;)]*;){2} (\d+(?:\.\d+)?)")),
    ("Daum", re.compile(r"DaumApps/(\d+(?:\.\d+)?)")),
    ("BAND", re.compile(r"\bBAND/(\d+(?:\.\d+)?)")),
    ("WeChat", re.compile(r"MicroMessenger/(\d+(?:\.\d+)?)")),
    ("Instagram", re.compile(r"\bInstagram (\d+(?:\.\d+)?)")),
    ("TikTok", re.compile(r"\b(?:musical_ly|trill|BytedanceWebview)[_/](\d+(?:\.\d+)?)")),
    ("LinkedIn", re.compile(r"LinkedInApp\]?(?:/(\d+(?:\.\d+)?))?")),
    ("Threads", re.compile(r"\bBarcelona (\d+(?:\.\d+)?)")),
    ("Messenger", re.compile(r"\bFB(?:AN/Messenger|_IAB/Orca)(?:.*?FBAV/(\d+(?:\.\d+)?))?")),
    ("Facebook", re.compile(r"\bFB(?:AN|_IAB)/(?:.*?FBAV/(\d+(?:\.\d+)?))?")),
    ("Snapchat", re.compile(r"\bSnapchat/(\d+(?:\.\d+)?)")),
    ("Pinterest", re.compile(r"\[Pinterest/(?:iOS|Android)\]|\bPinterest for ")),
    ("Twitter", re.compile(r"\bTwitter for i(?:Phone|Pad)(?:/(\d+(?:\.\d+)?))?|\bTwitterAndroid\b")),
    ("Weibo", re.compile(r"\bWeibo \(|__weibo__(\d+(?:\.\d+)?)")),
    ("Alipay", re.compile(r"\bAlipayClient/(\d+(?:\.\d+)?)")),
    ("DingTalk", re.compile(r"\bDingTalk/(\d+(?:\.\d+)?)")),
    ("QQ", re.compile(r"\bQQ/(\d+(?:\.\d+)?)")),
    ("Telegram", re.compile(r"\bTelegram-(?:Android|iOS)/(\d+(?:\.\d+)?)")),
    ("Viber", re.compile(r"\bViber/(\d+(?:\.\d+)?)")),
    ("WhatsApp", re.compile(r"\bWhatsApp/(\d+(?:\.\d+)?)")),
    ("Google", re.compile(r"\bGSA/(\d+(?:\.\d+)?)")),
    ("Zalo", re.compile(r"\bZalo (?:iOS|android)/(\d+(?:\.\d+)?)")),
    ("Baidu", re.compile(r"\bbaiduboxapp/(\d+(?:\.\d+)?)")),
    ("Xiaohongshu", re.compile(r"\bxiaohongshu|\bXhsDiscover", re.IGNORECASE)),
    ("Kwai", re.compile(r"\bKwai(?:_Lite)?/(\d+(?:\.\d+)?)")),
)


class Agent(NamedTuple):
    """`device` is desktop, mobile, tablet, tv, console, wearable, bot or server; every field is empty when it is
    unknown.
    """

    browser: str = ""
    browser_version: str = ""
    os: str = ""
    os_version: str = ""
    device: str = ""
    brand: str = ""
    model: str = ""


def parse_user_agent(text: str) -> Agent:
    """Return the browser, system and device that `text` names; only the beginning of a long text is read. A text that
    was not parsed recently takes about 25 microseconds; recent results are cached.
    """
    return _parse(text[:MAX_USER_AGENT_LENGTH])


@lru_cache(maxsize=8192)
def _parse(text: str) -> Agent:
    if not text:
        return Agent()
    result = _parser().parse(text)
    os = result.os
    system = _known(os.family if os else None)
    brand, model = _made(text, result.device)
    if IPAD_AS_MAC.search(text):
        return Agent(*_application(text), os="iOS", device="tablet", brand="Apple", model="iPad")
    is_spider = result.device is not None and result.device.brand == SPIDER and not PROGRAM.fullmatch(text)
    browser, browser_version = _application(text)
    if not browser and result.user_agent:
        browser = _known(result.user_agent.family)
        browser_version = _version(result.user_agent.major, result.user_agent.minor)
    return Agent(
        browser=browser,
        browser_version=browser_version,
        os=system,
        os_version=_version(os.major, os.minor) if os else "",
        device="bot" if is_spider else device_class(text, system),
        brand=brand,
        model=model,
    )


@lru_cache(maxsize=1)
def _parser() -> Parser:
    """Load the parser at its first use, because loading takes a tenth of a second."""
    return Parser(Resolver(load_lazy_builtins()))


def is_in_app(text: str) -> bool:
    """Return whether `text` is the agent of a known application's built-in browser."""
    return "AppleWebKit/" in text and "Mobile" in text and bool(_application(text)[0])


def _application(text: str) -> tuple[str, str]:
    for name, pattern in APPLICATIONS:
        found = pattern.search(text)
        if found:
            return name, (found[1] or "") if pattern.groups else ""
    return ("Mobile Safari UI/WKWebView", "") if IPAD_AS_MAC.search(text) else ("", "")


def _made(text: str, device: Device | None) -> tuple[str, str]:
    """Return the brand and the model of a device; each is empty when unknown."""
    xbox = XBOX.search(text)
    if xbox:
        return maker(xbox[0]), xbox[0]
    if device is None or device.brand == SPIDER:
        return "", ""
    model = _known(device.model)
    if (device.brand or "").startswith("Generic"):
        return maker(model), "" if model in NO_MODELS else model
    return _known(device.brand) or maker(model), model


def _known(name: str | None) -> str:
    return "" if name is None or name == OTHER else name[:MAX_WORD_LENGTH]


def _version(*parts: str | None) -> str:
    given = []
    for part in parts:
        if part is None:
            break
        given.append(part)
    return ".".join(given)[:MAX_WORD_LENGTH]
