"""The kind of device in a User-Agent, and its maker if the model's name contains it."""

import re

CONSOLES = ("playstation", "nintendo", "xbox", "steam deck", "steamdeck")
TVS = (
    "smart-tv", "smarttv", "appletv", "apple tv", "googletv", "google tv", "android tv", "philipstv", "opera tv",
    "hbbtv", "netcast", "web0s", "webos.tv", "bravia", "roku", "crkey", "chromecast", "; aft", "vidaa", "viera",
    "mibox", "mitv", "dtv", "; tv", "tv safari",
)  # fmt: skip
WEARABLES = ("watchos", "wear os", "wearable", "oculusbrowser")
TABLETS = ("ipad", "tablet", "kindle", "silk/", "playbook", "nexus 7", "nexus 9", "nexus 10", "pixel c")
MOBILES = ("mobi", "iphone", "ipod", "windows phone", "blackberry", "bb10", "opera mini", "symbian", "kaios", "j2me")
DESKTOPS = ("windows", "macintosh", "mac os x", "linux", "x11", "cros", "freebsd", "openbsd", "netbsd", "sunos")
SYSTEM_CLASSES = {"tvOS": "tv", "watchOS": "wearable", "iPadOS": "tablet", "iOS": "mobile", "KaiOS": "mobile"}
BROWSER_MARKS = ("mozilla/", "opera/")
# Galaxy watches, and the word "watch", but not "watcher", "watchdog", ...
WATCH = re.compile(r"watch(?![a-z])|sm-[rv][789]\d\d")
# Internet Explorer's word for every Windows with a touch or pen screen.
WRITABLE_WINDOWS = "tablet pc"

# Makers by the beginning of their models' names.
MAKERS = (
    ("SM-", "Samsung"), ("SHV-", "Samsung"), ("SHW-", "Samsung"), ("GT-", "Samsung"), ("Galaxy", "Samsung"),
    ("LM-", "LG"), ("LG-", "LG"), ("Pixel", "Google"), ("Chromecast", "Google"), ("BRAVIA", "Sony"), ("XQ-", "Sony"),
    ("AFT", "Amazon"), ("KF", "Amazon"), ("MIBOX", "Xiaomi"), ("MITV", "Xiaomi"), ("Redmi", "Xiaomi"), ("CPH", "OPPO"),
    ("RMX", "realme"), ("moto", "Motorola"), ("Roku", "Roku"), ("Xbox", "Microsoft"), ("Lumia", "Microsoft"),
)  # fmt: skip


def device_class(user_agent: str, system: str) -> str:
    """Return desktop, mobile, tablet, tv, console, wearable or server (a program, such as curl/8.5.0); empty for
    unknown.

    An iPad that asks for desktop pages sends the agent of a Mac, and is a desktop here.
    """
    text = user_agent.lower().replace(WRITABLE_WINDOWS, "")
    if _has(text, CONSOLES):
        return "console"
    if _has(text, TVS):
        return "tv"
    if _has(text, WEARABLES) or WATCH.search(text):
        return "wearable"
    if _has(text, TABLETS):
        return "tablet"
    if _has(text, MOBILES):
        return "mobile"
    is_browser = text.startswith(BROWSER_MARKS)
    if "android" in text:  # its browsers say Mobile on a telephone and nothing on a tablet
        return "tablet" if is_browser else "mobile"
    if system in SYSTEM_CLASSES:
        return SYSTEM_CLASSES[system]
    if not is_browser:
        return "server"
    return "desktop" if _has(text, DESKTOPS) else ""


def maker(model: str) -> str:
    """Return the maker of a model; empty when the model's name does not say."""
    return next((name for prefix, name in MAKERS if model.startswith(prefix)), "")


def _has(text: str, marks: tuple[str, ...]) -> bool:
    return any(mark in text for mark in marks)
