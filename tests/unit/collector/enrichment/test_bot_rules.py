"""A project's own rules of who is a bot, at the collector and in imports."""

from datetime import date

import msgspec
import polars as pl
import pytest

from collector.enrichment.bot_rules import own_rule
from collector.enrichment.context import ProjectSettings, RequestContext
from collector.enrichment.row_builder import Enricher
from collector.imports.event_frame import conform_events
from collector.imports.row_frame import Importer, make_rows
from event_lens.contract.parse import parse_track
from event_lens.contract.rows import EventRow
from event_lens.errors import Refused
from event_lens.registry.tables import PROJECT_SETTINGS

NOW = 1_790_000_000_000
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"
RULES = ("agent:*Monitor*", "path:/wp-*", "sign:headless", "address:198.51.100.0/24")


@pytest.mark.parametrize(
    ("rule", "fits", "others"),
    [
        ("agent:Tool/1", {"user_agent": "Tool/1"}, {"user_agent": "Tool/12"}),
        ("agent:Tool*", {"user_agent": "Tool/12"}, {"user_agent": "My Tool"}),
        ("agent:*Tool", {"user_agent": "My Tool"}, {"user_agent": "Tool/1"}),
        ("agent:*Tool*", {"user_agent": "a Tool b"}, {"user_agent": "tool"}),
        ("path:/wp-*", {"path": "/wp-login.php"}, {"path": "/a/wp-login.php"}),
        ("address:192.0.2.0/24", {"address": "192.0.2.9"}, {"address": "192.0.3.9"}),
        ("address:2001:db8::/32", {"address": "2001:db8::1"}, {"address": ""}),
        ("sign:headless", {"reason": "soft:no_client_hints,headless"}, {"reason": "crawler:headless"}),
    ],
)
def test_a_rule_fits_the_events_that_it_describes(rule: str, fits: dict[str, str], others: dict[str, str]) -> None:
    assert own_rule([rule], **fits) == f"rule:{rule}"
    assert own_rule([rule], **others) == ""


def row_of(
    path: str, agent: str = CHROME, signs: str = "", address: str = "192.0.2.1", *, is_verified: bool = False
) -> EventRow:
    request = RequestContext(
        ProjectSettings("p", bot_rules=RULES), NOW, {date.min: "s"}, date(2015, 1, 1), address, user_agent=agent,
        bot_signals=signs, is_verified=is_verified,
    )  # fmt: skip
    source = Enricher().builder(request)
    event = parse_track({"name": "screen_view", "path": path, "messageId": "m", "timestamp": NOW})
    row = source.event_row(event)
    assert msgspec.json.decode(source.line(event).json, type=EventRow) == row
    return row


@pytest.mark.parametrize("is_verified", [True, False])
def test_the_collector_marks_fitting_events_whoever_sent_them(is_verified: bool) -> None:
    found = [
        row_of("/", "ShopMonitor/7", is_verified=is_verified),
        row_of("/wp-login.php", is_verified=is_verified),
        row_of("/", signs="soft:headless", is_verified=is_verified),
        row_of("/", address="::ffff:198.51.100.7", is_verified=is_verified),
        row_of("/a", is_verified=is_verified),
    ]
    assert row_of("/wp-x", "Googlebot/2.1").bot_reason == "crawler:Googlebot\\/"
    assert [(row.is_bot, row.bot_reason, row.device) for row in found] == [
        (True, "rule:agent:*Monitor*", "bot"),
        (True, "rule:path:/wp-*", "bot"),
        (True, "rule:sign:headless", "bot"),
        (True, "rule:address:198.51.100.0/24", "bot"),
        (False, "", "desktop"),
    ]


def test_imports_mark_fitting_events() -> None:
    events = pl.DataFrame({"name": ["v"] * 4, "at": [NOW] * 4, "path": ["/", "/wp-x", "/a", "/"],
                           "device": ["", "tv", "", ""], "address": ["", "", "", "198.51.100.7"],
                           "user_agent": ["ShopMonitor/7", CHROME, CHROME, CHROME]})  # fmt: skip
    importer = Importer(ProjectSettings("p", bot_rules=RULES), "s", "", NOW, "i")
    rows = make_rows(conform_events(events), importer).rows
    assert rows.select("is_bot", "bot_reason", "device").rows() == [
        (True, "rule:agent:*Monitor*", "bot"), (True, "rule:path:/wp-*", "bot"), (False, "", "desktop"),
        (True, "rule:address:198.51.100.0/24", "bot"),
    ]  # fmt: skip


def test_a_network_is_written_in_one_way_and_anything_else_is_refused() -> None:
    assert PROJECT_SETTINGS["bot_rules"].normal([" address: ::ffff:203.0.113.7"]) == ["address:203.0.113.7"]
    with pytest.raises(Refused):
        PROJECT_SETTINGS["bot_rules"].normal(["address:everywhere"])


@pytest.mark.parametrize("text", ["", "agent:", "agent:*", "path:/a*b", "word:x", "sign"])
def test_text_that_is_not_a_rule_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="not a rule for bots"):
        PROJECT_SETTINGS["bot_rules"].normal([text])
