"""Formats of logs: the same five visitors, as each server writes them, and the odd lines of each."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collector.imports.access_log import FORMATS, found_format
from collector.imports.log_alb import LoadBalancerLog
from collector.imports.log_clf import CommonLog
from collector.imports.log_json import JsonLog, _folded, _places
from collector.imports.log_requests import NO_AGENT, LogFormat, page_url, why_left_out
from collector.imports.log_w3c import W3cLog
from tests.unit.collector.imports.logs import CHROME, frame, line

ADDRESSES = ("192.0.2.1", "192.0.2.2", "198.51.100.9", "2001:db8::5", "203.0.113.4")
AT = datetime(2026, 8, 12, 7, tzinfo=UTC)
AT_MS = int(AT.timestamp()) * 1000
SEARCH = "https://www.google.com/"
REQUEST = '[12/Aug/2026:09:00:00 +0200] "GET /a?b=1 HTTP/1.1" 200 512'
SAID = f'"{SEARCH}" "{CHROME}"'
ESCAPED = CHROME.replace(" ", "%20")
PLUS = CHROME.replace(" ", "+")
HEADERS = {"User-Agent": [CHROME], "Referer": [SEARCH]}

# For each format a line without and a line with the host: (format, line of an address, host, other fields that the
# format lacks)
LINES: dict[str, tuple[type[LogFormat], str, Callable[[str], str], str]] = {
    "combined": (CommonLog, "", lambda ip: f"{ip} - - {REQUEST} {SAID}", ""),
    "combined with a user": (CommonLog, "", lambda ip: f"{ip} - ada lovelace {REQUEST} {SAID}", ""),
    "nginx's main": (CommonLog, "", lambda ip: f'{ip} - - {REQUEST} {SAID} "-"', ""),
    "traefik": (CommonLog, "", lambda ip: f'{ip} - - {REQUEST} {SAID} 7 "web@docker" "http://172.18.0.5:80" 3ms', ""),
    "numbers before the referrer": (CommonLog, "", lambda ip: f"{ip} - - {REQUEST} 1234 0.05 {SAID}", ""),
    "common": (CommonLog, "", lambda ip: f"{ip} - - {REQUEST}", "referrer agent"),
    "common with a time": (CommonLog, "", lambda ip: f"{ip} - - {REQUEST} 0.003", "referrer agent"),
    "host first": (CommonLog, "shop.example", lambda ip: f"shop.example:443 {ip} - - {REQUEST} {SAID}", ""),
    "host first, no port": (CommonLog, "shop.example", lambda ip: f"shop.example {ip} - - {REQUEST} {SAID}", ""),
    "behind a balancer": (
        CommonLog,
        "",
        lambda ip: f'10.0.0.7 - - {REQUEST} {SAID} "198.51.100.1, {ip}, 10.0.0.9"',
        "",
    ),
    "addresses of the chain first": (CommonLog, "", lambda ip: f"{ip}, 10.0.0.9 - - {REQUEST} {SAID}", ""),
    "lighttpd's own": (CommonLog, "shop.example", lambda ip: f"{ip} shop.example - {REQUEST} {SAID}", ""),
    "lighttpd's own, with a user": (
        CommonLog,
        "shop.example",
        lambda ip: f"{ip} shop.example ada {REQUEST} {SAID}",
        "",
    ),
    "syslog": (CommonLog, "", lambda ip: f"Aug 12 09:00:00 web1 nginx: {ip} - - {REQUEST} {SAID}", ""),
    "syslog with a process": (
        CommonLog,
        "",
        lambda ip: f"<190>Aug 12 09:00:00 web nginx[7]: {ip} - - {REQUEST} {SAID}",
        "",
    ),
    "syslog of today": (
        CommonLog,
        "",
        lambda ip: f"<190>1 2026-08-12T09:00:00Z web nginx - - - {ip} - - {REQUEST} {SAID}",
        "",
    ),
    "syslog with the host": (
        CommonLog,
        "shop.example",
        lambda ip: f"Aug 12 09:00:00 web1 apache: shop.example:443 {ip} - - {REQUEST} {SAID}",
        "",
    ),
    "compose": (CommonLog, "", lambda ip: f"web_1  | {ip} - - {REQUEST} {SAID}", ""),
    "kubernetes": (CommonLog, "", lambda ip: f"2026-08-12T09:00:00.123456789Z stdout F {ip} - - {REQUEST} {SAID}", ""),
    "docker": (
        JsonLog,
        "",
        lambda ip: json.dumps({"log": f"{ip} - - {REQUEST} {SAID}\n", "stream": "stdout", "time": AT.isoformat()}),
        "",
    ),
    "address in brackets": (CommonLog, "", lambda ip: f"{f'[{ip}]' if ':' in ip else ip} - - {REQUEST} {SAID}", ""),
    "a balancer's address first": (CommonLog, "", lambda ip: f"10.0.0.9, {ip} - - {REQUEST} {SAID}", ""),
    "elastic's common schema": (
        JsonLog,
        "shop.example",
        lambda ip: json.dumps(
            {"@timestamp": AT.isoformat(), "client": {"ip": ip}, "user_agent": {"original": CHROME}}
            | {"http": {"request": {"method": "GET", "referrer": SEARCH}, "response": {"status_code": 200}}}
            | {"url": {"path": "/a", "query": "b=1", "domain": "shop.example"}}
        ),
        "",
    ),
    "google's balancer": (
        JsonLog,
        "shop.example",
        lambda ip: json.dumps(
            {"timestamp": AT.isoformat()}
            | {
                "httpRequest": {"requestMethod": "GET", "requestUrl": "https://shop.example/a?b=1", "status": 200}
                | {"userAgent": CHROME, "remoteIp": ip, "referer": SEARCH}
            }
        ),
        "",
    ),
    "cloudflare": (
        JsonLog,
        "shop.example",
        lambda ip: json.dumps(
            {"ClientIP": ip, "ClientRequestHost": "shop.example", "ClientRequestMethod": "GET"}
            | {"ClientRequestURI": "/a?b=1", "EdgeResponseStatus": 200, "EdgeStartTimestamp": AT_MS * 1_000_000}
            | {"ClientRequestUserAgent": CHROME, "ClientRequestReferer": SEARCH}
        ),
        "",
    ),
    "vercel": (
        JsonLog,
        "shop.example",
        lambda ip: json.dumps(
            {"timestamp": AT_MS}
            | {
                "proxy": {"method": "GET", "host": "shop.example", "path": "/a?b=1", "statusCode": 200}
                | {"userAgent": [CHROME], "referer": SEARCH, "clientIp": ip}
            }
        ),
        "",
    ),
    "caddy": (
        JsonLog,
        "shop.example",
        lambda ip: json.dumps(
            {"ts": AT.timestamp(), "status": 200, "size": 512}
            | {
                "request": {
                    "client_ip": ip,
                    "method": "GET",
                    "host": "shop.example",
                    "uri": "/a?b=1",
                    "headers": HEADERS,
                }
            }
        ),
        "",
    ),
    "traefik json": (
        JsonLog,
        "shop.example",
        lambda ip: json.dumps(
            {"ClientAddr": f"{ip}:5123", "ClientHost": ip, "RequestMethod": "GET", "RequestPath": "/a?b=1"}
            | {"RequestHost": "shop.example", "DownstreamStatus": 200, "StartUTC": AT.isoformat()}
            | {"request_User-Agent": CHROME, "request_Referer": SEARCH}
        ),
        "",
    ),
    "nginx json": (
        JsonLog,
        "",
        lambda ip: json.dumps(
            {"time_local": "12/Aug/2026:09:00:00 +0200", "remote_addr": ip, "request": "GET /a?b=1 HTTP/2.0"}
            | {"status": "200", "http_referer": SEARCH, "http_user_agent": CHROME}
        ),
        "",
    ),
    "nginx json behind a balancer": (
        JsonLog,
        "",
        lambda ip: json.dumps(
            {"msec": "1786518000.000", "remote_addr": "10.1.1.1", "http_x_forwarded_for": f"{ip}, 10.0.0.9"}
            | {"request_method": "GET", "request_uri": "/a?b=1"}
            | {"status": 200, "http_referer": SEARCH, "http_user_agent": CHROME}
        ),
        "",
    ),
    "balancer": (
        LoadBalancerLog,
        "shop.example",
        lambda ip: (
            f"https 2026-08-12T07:00:00.000000Z app/lb/5 {f'[{ip}]' if ':' in ip else ip}:2817 10.0.0.1:80 0.1 0.1 0.1"
            f' 200 200 0 57 "GET https://shop.example:443/a?b=1 HTTP/1.1" "{CHROME}" ECDHE TLS arn "Root=1" "-" "-" 0'
        ),
        "referrer",
    ),
    "classic balancer": (
        LoadBalancerLog,
        "shop.example",
        lambda ip: (
            f"2026-08-12T07:00:00.000000Z lb {f'[{ip}]' if ':' in ip else ip}:2817 10.0.0.1:80 0.1 0.1 0.1 200"
            f' 200 0 57 "GET https://shop.example:443/a?b=1 HTTP/1.1" "{CHROME}" - -'
        ),
        "referrer",
    ),
}
CLOUDFRONT = (
    "#Version: 1.0",
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
    "cs(User-Agent) cs-uri-query x-host-header cs-protocol",
    *(
        f"2026-08-12\t07:00:00\tFRA56\t912\t{ip}\tGET\td1.cloudfront.net\t/a\t200\t{SEARCH}\t{ESCAPED}\tb=1\tshop.example\thttps"
        for ip in ADDRESSES
    ),
)
IIS = (
    "#Software: Microsoft Internet Information Services 10.0",
    "#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) cs(Referer) sc-status time-taken",
    *(f"2026-08-12 07:00:00 GET /a b=1 {ip} {PLUS} {SEARCH} 200 15" for ip in ADDRESSES),
)


def read(format: LogFormat, lines: pl.DataFrame) -> pl.DataFrame:
    return format.read(lines).with_columns(why_left_out().alias("why"), page_url().alias("url"))


@pytest.mark.parametrize("name", LINES)
def test_five_visitors_are_five_whatever_the_server_writes(name: str) -> None:
    format, host, make, unsaid = LINES[name]
    found = read(format(), frame(*map(make, ADDRESSES)))
    assert found["address"].to_list() == list(ADDRESSES)
    assert found["at"].unique().to_list() == [AT_MS]
    assert found["url"].unique().to_list() == [f"https://{host}/a?b=1" if host else "/a?b=1"]
    assert found["why"].null_count() == 5
    assert found["user_agent"].unique().to_list() == [None if "agent" in unsaid else CHROME]
    assert found["referrer"].unique().to_list() == [None if "referrer" in unsaid else SEARCH]


@pytest.mark.parametrize(
    ("lines", "host"), [(CLOUDFRONT, "https://shop.example"), (IIS, "")], ids=["cloudfront", "iis"]
)
def test_logs_that_say_their_fields_are_read_by_them(lines: tuple[str, ...], host: str) -> None:
    found = read(W3cLog(), frame(*lines))
    assert found["address"].to_list() == list(ADDRESSES)
    assert set(found.select("at", "url", "user_agent", "referrer").rows()) == {(AT_MS, f"{host}/a?b=1", CHROME, SEARCH)}


def test_fields_that_a_log_leaves_out_leave_the_others_as_they_are() -> None:
    lines = ("#Fields: date time c-ip cs-method cs-uri-stem sc-status x-forwarded-for",
             "2026-08-12 07:00:00 10.0.0.3 GET /a 200 192.0.2.1,+10.0.0.9")  # fmt: skip
    assert read(W3cLog(), frame(*lines)).select("url", "address").rows() == [("/a", "192.0.2.1")]


def test_addresses_that_a_server_writes_in_the_newer_form_are_the_older_ones() -> None:
    assert CommonLog().read(frame(line(address="::ffff:192.0.2.1")))["address"].to_list() == ["192.0.2.1"]


def test_fields_may_change_within_a_log_and_a_cut_line_is_unreadable() -> None:
    found = W3cLog().read(frame("#Fields: date time c-ip", "2026-08-12 07:00:00 192.0.2.1", "#Fields: c-ip date time",
                                "192.0.2.2 2026-08-12 07:00:00", "192.0.2.3 2026-08-12"))  # fmt: skip
    assert found.select("number", "at", "address").rows() == [
        (2, AT_MS, "192.0.2.1"), (4, AT_MS, "192.0.2.2"), (5, None, None),
    ]  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_the_format_is_found_by_reading(name: str) -> None:
    format, _, make, _ = LINES[name]
    assert isinstance(found_format(frame("noise", *map(make, ADDRESSES)), Path("x")), format)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (line("/ok"), ("/ok", None)),
        (line("/with space"), ("/with space", None)),
        (line("/ok").replace(" HTTP/1.1", ""), ("/ok", None)),
        ("   " + line("/ok"), ("/ok", None)),
        (line("/ok", "fe80::1%eth0"), ("/ok", None)),
        (line("/ok", "crawl-7.bot.example"), ("/ok", None)),
        (line("https://shop.example/abs?x=1"), ("https://shop.example/abs?x=1", None)),
        (line("//admin"), ("/admin", None)),
        (line('/q?x=\\"y\\"', agent='My \\"App\\" 1.0'), ('/q?x="y"', None)),
        (line("/ok", agent='Bad "quoted" agent'), ("/ok", None)),
        (line("/ok").replace("12/Aug/2026:09:00:00 +0200", "2026-08-12T09:00:00+02:00"), ("/ok", None)),
        (line("/ok").replace("09:00:00 ", "09:00:00.123 "), ("/ok", None)),
        (line("/a", status=206), ("/a", None)),
        (line("/a", status=304), ("/a", None)),
        (line("/a", status=301), ("/a", "redirect")),
        (line("/a", status=404), ("/a", "error or refused")),
        (line("/a.b/LOGO.PNG?v=1"), ("/a.b/LOGO.PNG?v=1", "picture, script, download")),
        (line("/robots.txt"), ("/robots.txt", "picture, script, download")),
        (line("/blog/feed/"), ("/blog/feed/", "feed")),
        (line("/a.b/c"), ("/a.b/c", None)),
        (line("/about.html"), ("/about.html", None)),
        (line("/x?file=a.png"), ("/x?file=a.png", None)),
        (line().replace("GET", "HEAD"), ("/", "not a GET")),
        (line().replace("GET / HTTP/1.1", "PRI * HTTP/2.0"), ("*", "not a GET")),
        (line().replace("GET / HTTP/1.1", ""), (None, "not a request")),
        (line().replace("GET / HTTP/1.1", "-"), (None, "not a request")),
        (line().replace("GET / HTTP/1.1", "\\x16\\x03\\x01"), (None, "not a request")),
    ],
)
def test_odd_lines_are_read_and_pages_told_from_the_others(text: str, expected: tuple[str | None, str | None]) -> None:
    found = read(CommonLog(), frame(text))
    assert found.select("url", "why").rows() == [expected]
    assert found["at"].null_count() == 0


@pytest.mark.parametrize(
    "text",
    [
        line().replace("12/Aug", "31/Feb"),
        line().replace("12/Aug", "12/août"),
        line().replace("09:00:00", "25:00:00"),
        line()[:-20],
        line()[:60],
        "no log at all",
        "{}",
        '{"ts": "yesterday"}',
        "[1]",
        "{bad",
        '{"ts": 1000000000000000000000000000000, "request": "GET / HTTP/1.1"}',
        '{"ts": 1e308, "request": "GET / HTTP/1.1"}',
    ],
)
def test_lines_that_cannot_be_parsed_are_unreadable_in_every_format(text: str) -> None:
    for make in FORMATS.values():
        assert make().read(frame(text))["at"].null_count() == 1


def test_a_visitor_of_a_private_network_is_not_taken_for_a_proxy_without_a_chain() -> None:
    found = CommonLog().read(frame(line("/", "10.0.0.7"), line("/", "198.51.100.1") + ' "192.0.2.99"'))
    assert found["address"].to_list() == ["10.0.0.7", "198.51.100.1"]


@pytest.mark.parametrize("nothing", ["", "-", None, [], ["-"], [None], {"of": "x"}])
def test_a_key_without_a_value_gives_way_to_the_next_key_for_the_same(nothing: Any) -> None:
    said = {
        "ts": AT.timestamp(),
        "request_uri": nothing,
        "uri": "/b",
        "request": {"method": "GET", "request-uri": "/a"},
    }
    lines = frame(json.dumps(said))
    assert JsonLog().read(lines)["target"].to_list() == ["/a"]


def test_quotes_and_bytes_are_unescaped() -> None:
    found = CommonLog().read(frame(line(agent='A \\"b\\" \\\\ \\xed\\x95\\x9c')))
    assert found["user_agent"].to_list() == ['A "b" \\ 한']


def test_a_missing_agent_is_distinguished_from_a_log_without_agents() -> None:
    caddy = {
        "ts": 1,
        "request": {"client_ip": "192.0.2.1", "method": "GET", "uri": "/", "headers": {"Accept": ["*/*"]}},
    }
    nginx = {"time_local": "x", "remote_addr": "192.0.2.1", "request": "GET / HTTP/2.0"}
    lines: dict[type[LogFormat], tuple[str, ...]] = {
        CommonLog: (line(agent="-"), line(agent=""), line().partition(' "-"')[0]),
        JsonLog: (json.dumps(caddy), json.dumps(nginx | {"http_user_agent": "-"}), json.dumps(nginx)),
    }
    for make, texts in lines.items():
        assert make().read(frame(*texts))["user_agent"].to_list() == [NO_AGENT, NO_AGENT, None]


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ({"user_agent": {"original": CHROME}}, CHROME),
        ({"http": {"user_agent": CHROME}}, CHROME),
        ({"user_agent": {"original": "-"}}, NO_AGENT),
        ({"user_agent": None, "tls": {}}, NO_AGENT),
        ({"user_agent": {"name": "Chrome"}}, None),
        ({"agent": {"type": "filebeat"}}, None),
    ],
)
def test_an_agent_in_an_object_is_read_beside_a_flat_method(agent: dict[str, Any], expected: str | None) -> None:
    found = JsonLog().read(frame(json.dumps({"ts": AT_MS, "method": "GET", "url": "/a", "ip": "192.0.2.1"} | agent)))
    assert found.select("target", "address", "user_agent").rows() == [("/a", "192.0.2.1", expected)]


@pytest.mark.parametrize("names", [[f"X-{number}" for number in range(101)], ["X" * 4_100]], ids=["many", "long"])
def test_headers_that_a_client_makes_up_are_read_and_not_kept(names: list[str]) -> None:
    made_up = {name: ["1"] for name in names}
    said = {"ts": AT_MS, "request": {"method": "GET", "uri": "/a", "headers": made_up | HEADERS}}
    _places.cache_clear()
    _folded.cache_clear()
    assert JsonLog().read(frame(json.dumps(said)))["user_agent"].to_list() == [CHROME]
    assert _places.cache_info().currsize == 0
    short = {name for name in names if len(name) < 10}
    assert _folded.cache_info().currsize == len({"ts", "request", "method", "uri", "headers", *HEADERS, *short})


@pytest.mark.parametrize("neighbour", [1_700_000_000, 1_700_000_000.5, "2026-08-12T07:00:00Z"])
@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (1_700_000_000_122_999_999, 1_700_000_000_122),
        (1.700000000123e18, 1_700_000_000_123),
        (1_700_000_000_122_999, 1_700_000_000_122),
        (1_700_000_000_122_999.5, 1_700_000_000_122),
        (1_700_000_000_123, 1_700_000_000_123),
        (1_700_000_000.123, 1_700_000_000_123),
        (-1, -1_000),
    ],
)
def test_the_time_of_a_line_does_not_depend_on_the_lines_beside_it(
    time: float, expected: int, neighbour: float | str
) -> None:
    alone, beside = json.dumps({"ts": time}), json.dumps({"ts": neighbour})
    assert JsonLog().read(frame(alone))["at"].to_list() == [expected]
    assert JsonLog().read(frame(alone, beside))["at"].to_list()[0] == expected
