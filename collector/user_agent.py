"""What a User-Agent says of browser, system and device, through ua-parser's Rust engine."""

from functools import lru_cache
from typing import NamedTuple

from ua_parser import Parser
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver

from event_lens.contract.limits import MAX_WORD_LENGTH

CONSOLES = ("playstation", "nintendo", "xbox")
TVS = (
    "smart-tv", "smarttv", "appletv", "apple tv", "googletv", "google tv", "android tv", "philipstv", "opera tv",
    "hbbtv", "netcast", "web0s", "webos.tv", "bravia", "roku", "crkey", "; aft", "vidaa", "viera", "dtv", "; tv",
)  # fmt: skip
WEARABLES = ("watch", "wearable")
TABLETS = ("ipad", "tablet", "kindle", "silk/", "playbook", "nexus 7", "nexus 9", "nexus 10", "pixel c")
MOBILES = ("mobi", "iphone", "ipod", "windows phone", "blackberry", "bb10", "opera mini", "symbian", "kaios", "j2me")
DESKTOPS = ("windows", "macintosh", "mac os x", "linux", "x11", "cros", "freebsd", "openbsd", "netbsd", "sunos")
# The first class whose marks the text holds, in lower case.
CLASSES = (("console", CONSOLES), ("tv", TVS), ("wearable", WEARABLES), ("tablet", TABLETS), ("mobile", MOBILES))
SYSTEM_CLASSES = {"tvOS": "tv", "watchOS": "wearable", "iPadOS": "tablet", "iOS": "mobile", "KaiOS": "mobile"}
BROWSER_MARK = "mozilla/"
OTHER = "Other"
REDUCED_MODEL = "K"  # what browsers say instead of the model


class Agent(NamedTuple):
    """`device` is desktop, mobile, tablet, tv, console, wearable or server; empty, as every field, for unknown."""

    browser: str = ""
    browser_version: str = ""
    os: str = ""
    os_version: str = ""
    device: str = ""
    brand: str = ""
    model: str = ""


@lru_cache(maxsize=8192)
def parse_user_agent(text: str) -> Agent:
    """What `text` says. About 20 microseconds for a new text; those seen lately are remembered."""
    if not text:
        return Agent()
    result = _parser().parse(text)
    browser, os, device = result.user_agent, result.os, result.device
    is_generic = device is not None and (device.brand or "").startswith("Generic")
    return Agent(
        browser=_known(browser.family if browser else None),
        browser_version=_version(browser.major, browser.minor) if browser else "",
        os=_known(os.family if os else None),
        os_version=_version(os.major, os.minor) if os else "",
        device=_device_class(text.lower(), os.family if os else ""),
        brand="" if is_generic else _known(device.brand if device else None),
        model=""
        if is_generic and device and device.model == REDUCED_MODEL
        else _known(device.model if device else None),
    )


@lru_cache(maxsize=1)
def _parser() -> Parser:
    """Loaded at the first use: it takes a tenth of a second."""
    return Parser(Resolver(load_lazy_builtins()))


def _device_class(text: str, system: str) -> str:
    for name, marks in CLASSES:
        if any(mark in text for mark in marks):
            return name
    is_browser = BROWSER_MARK in text or text.startswith("opera/")
    if "android" in text:  # its browsers say Mobile on a telephone and nothing on a tablet
        return "tablet" if is_browser else "mobile"
    if system in SYSTEM_CLASSES:
        return SYSTEM_CLASSES[system]
    if not is_browser:  # a program, such as curl/8.5.0
        return "server"
    return "desktop" if any(mark in text for mark in DESKTOPS) else ""


def _known(name: str | None) -> str:
    return "" if name is None or name == OTHER else name[:MAX_WORD_LENGTH]


def _version(*parts: str | None) -> str:
    given = []
    for part in parts:
        if part is None:
            break
        given.append(part)
    return ".".join(given)[:MAX_WORD_LENGTH]
