"""Addresses of pages: taken apart without ever failing, and one spelling for each page."""

import time

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.enrichment.url import host_of, split_url
from event_lens.contract.limits import MAX_TEXT_LENGTH

KOREAN = "xn--3e0b707e.example"

# The sent text, then its origin, host, path, query and hash.
PARTS = [
    ("", ("", "", "", "", "")),
    ("/pricing?a=1&b=2#top", ("", "", "/pricing", "a=1&b=2", "top")),
    ("HomeScreen", ("", "", "HomeScreen", "", "")),
    ("Home Screen: news", ("", "", "Home Screen: news", "", "")),
    ("https://example.com", ("https://example.com", "example.com", "/", "", "")),
    ("HTTPS://Example.COM:443/A?q#h", ("https://example.com", "example.com", "/A", "q", "h")),
    ("  https://example.com/a\n", ("https://example.com", "example.com", "/a", "", "")),
    ("https://example.com?x=/y", ("https://example.com", "example.com", "/", "x=/y", "")),
    ("https://example.com/a??b", ("https://example.com", "example.com", "/a", "b", "")),
    ("https://example.com/#/route?x=1", ("https://example.com", "example.com", "/", "", "/route?x=1")),
    ("https://example.com/a#b#c", ("https://example.com", "example.com", "/a", "", "b#c")),
    ("https://example.com//a//b/", ("https://example.com", "example.com", "//a//b/", "", "")),
    ("//cdn.example.com/x", ("https://cdn.example.com", "cdn.example.com", "/x", "", "")),
    # Ports
    ("http://example.com:8080/", ("http://example.com:8080", "example.com", "/", "", "")),
    ("http://example.com:80/", ("http://example.com", "example.com", "/", "", "")),
    ("https://example.com:0443/", ("https://example.com", "example.com", "/", "", "")),
    ("https://example.com:80/", ("https://example.com:80", "example.com", "/", "", "")),
    ("https://example.com:/", ("https://example.com", "example.com", "/", "", "")),
    ("https://example.com:99999/x", ("", "", "/x", "", "")),
    ("https://example.com:port/x", ("", "", "/x", "", "")),
    ("http://[2001:db8::1]:81/x", ("http://[2001:db8::1]:81", "[2001:db8::1]", "/x", "", "")),
    # User names and passwords
    ("https://me:p%40ss@example.com/x", ("https://example.com", "example.com", "/x", "", "")),
    ("https://me@example.com/x", ("https://example.com", "example.com", "/x", "", "")),
    ("https://a@b@example.com/x", ("https://example.com", "example.com", "/x", "", "")),
    ("https:\\\\me:pw@example.com\\x", ("https://example.com", "example.com", "/x", "", "")),
    ("https:me:pw@example.com/x", ("https://example.com", "example.com", "/x", "", "")),
    ("ftp://me:pw@example.com/x", ("ftp://example.com", "example.com", "/x", "", "")),
    ("me:pw@example.com/x", ("", "", "example.com/x", "", "")),
    ("/go?to=https://me:pw@example.com/", ("", "", "/go", "to=https://example.com/", "")),
    ("/go?to=https%3a%2f%2fme%3Apw%40example.com&a=1", ("", "", "/go", "to=https%3A%2F%2Fexample.com&a=1", "")),
    ("/proxy/https://me:pw@example.com/", ("", "", "/proxy/https://example.com/", "", "")),
    ("/proxy/https://ada@example.org:pw@example.com/", ("", "", "/proxy/https://example.com/", "", "")),
    (
        "/go?to=https%3A%2F%2Fexample.com%3A8080%3Fa%3D1",
        ("", "", "/go", "to=https%3A%2F%2Fexample.com%3A8080%3Fa%3D1", ""),
    ),
    # Hosts of all scripts, dots, capitals, and what is none
    ("https://한국.example/글", (f"https://{KOREAN}", KOREAN, "/글", "", "")),
    ("https://XN--3E0B707E.Example./글", (f"https://{KOREAN}", KOREAN, "/글", "", "")),
    ("https://%ED%95%9C%EA%B5%AD.example/", (f"https://{KOREAN}", KOREAN, "/", "", "")),
    ("https://한국。example/", (f"https://{KOREAN}", KOREAN, "/", "", "")),
    ("https://ex\nam\tple.com/", ("https://example.com", "example.com", "/", "", "")),
    ("https://<b>/x", ("", "", "/x", "", "")),
    ("https://a b/x", ("", "", "/x", "", "")),
    ("https://" + "x" * 300 + "/x", ("", "", "/x", "", "")),
    ("https://" + "한" * 100 + ".example/x", ("", "", "/x", "", "")),
    ("https://", ("", "", "", "", "")),
    ("https:///x", ("https://x", "x", "/", "", "")),
    # Paths: one page is one spelling
    ("/%ED%95%9C%ea%b8%80/a", ("", "", "/한글/a", "", "")),
    ("/한글/a", ("", "", "/한글/a", "", "")),
    ("/\u1112\u1161\u11ab", ("", "", "/한", "", "")),
    ("/caf%65%CC%81", ("", "", "/café", "", "")),
    ("/%7Euser/%41", ("", "", "/~user/A", "", "")),
    ("/a b", ("", "", "/a%20b", "", "")),
    ("/a%20b", ("", "", "/a%20b", "", "")),
    ("/a%2fb/%3f%23%25", ("", "", "/a%2Fb/%3F%23%25", "", "")),
    ("/%00\x00", ("", "", "/%00%00", "", "")),
    ("/%zz%", ("", "", "/%zz%", "", "")),
    ("/100%-글", ("", "", "/100%-글", "", "")),
    ("/%ff%ED%95", ("", "", "/%FF%ED%95", "", "")),
    ("/%E2%80%AEtxt.exe", ("", "", "/%E2%80%AEtxt.exe", "", "")),
    ("/\u202etxt.exe", ("", "", "/%E2%80%AEtxt.exe", "", "")),
    ("/%ED%A0%80", ("", "", "/%ED%A0%80", "", "")),
    ("/\ud800", ("", "", "/%3F", "", "")),
    ("/%%34%31", ("", "", "/%%341", "", "")),
    ("/?q=%ED%95%9C+x%26y#%EA%B8%80", ("", "", "/", "q=한+x%26y", "글")),
    ("/?%74oken=abc", ("", "", "/", "token=***", "")),
    # Other schemes
    ("android-app://com.Example.app/x", ("android-app://com.example.app", "com.example.app", "/x", "", "")),
    ("file:///C:/x", ("", "", "/C:/x", "", "")),
    ("about:blank", ("", "", "about:blank", "", "")),
    ("javascript:alert('me:pw@x')", ("", "", "javascript:", "", "")),
    ("DATA:text/html,<script>", ("", "", "data:", "", "")),
    ("blob:https://me:pw@example.com/1", ("", "", "blob:", "", "")),
    ("mailto:ada@example.com?subject=x", ("", "", "mailto:", "", "")),
    ("JAVASCRIPT:", ("", "", "javascript:", "", "")),
    ("javascript:\x1falert(1)?a#b", ("", "", "javascript:", "", "")),
    ("%6Aavascript:alert(1)", ("", "", "javascript:", "", "")),
    ("data:\x1f,<script>", ("", "", "data:", "", "")),
    ("%68ttps://me:pw@example.com/a?b#c", ("https://example.com", "example.com", "/a", "b", "c")),
    ("javascript: basics", ("", "", "javascript: basics", "", "")),
    ("a b://c/d", ("", "", "a b://c/d", "", "")),
]


@pytest.mark.parametrize(("text", "parts"), PARTS, ids=range(len(PARTS)))
def test_a_url_is_split_into_its_parts(text: str, parts: tuple[str, ...]) -> None:
    assert tuple(split_url(text)) == parts


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("Bücher.Example.:8080", "xn--bcher-kva.example"),
        ("example.com", "example.com"),
        ("my newsletter", ""),
        ("x" * 300, ""),
        ("", ""),
        (".", ""),
        ("a..b", ""),
    ],
)
def test_a_host_is_in_punycode_without_port_or_final_dot(address: str, host: str) -> None:
    assert host_of(address) == host


PIECES = (
    "https:", "http:", "//", "/", "\\", ":", "@", "?", "#", "%", "%2", "%25", "%34", "%41", "%ED%95%9C", "%ed", "%00",
    "한", "\u1112\u1161\u11ab", "\u0338", "=", " ", "\x1f", "a", "example.com", "token=", "javascript:", "%40", "%3A",
    "%6A", "avascript:", "%68ttp://", "mailto:", "data:", ",", "\x85", "J",
)  # fmt: skip
URLS = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=16).map("".join)


@given(st.text() | URLS | URLS.map("https://{}".format))
@example("a:b@https://c/d")
@example("a:b@ " * 2_000)
@example("%%%3434")
@example("0@0.AA:@")
@example("token=a/b;:@")
@example("JAVASCRIPT:")
@example("JAVASCRIPT:\x1f0")
def test_splitting_a_split_text_changes_nothing(text: str) -> None:
    url = split_url(text)
    again = split_url(f"{url.without_hash}#{url.hash}")
    assert again == url
    assert host_of(url.host) == url.host
    assert msgspec.json.decode(msgspec.json.encode(url)) == list(url)
    assert max(map(len, url)) <= MAX_TEXT_LENGTH


@given(st.text(st.characters(codec="utf-8")))
def test_a_path_and_its_escaped_form_are_one(text: str) -> None:
    escaped = "".join(f"%{byte:02x}" for byte in f"x{text}".encode())
    assert split_url(f"/{escaped}") == split_url(split_url(f"/{escaped}").path)
    if text.isalnum():
        assert split_url(f"/{escaped}").path == split_url(f"/x{text}").path


@pytest.mark.parametrize("unit", ["a", "%", "%41", "%ed", "한", "/", "://", "a:b@", "%3A%2F%2Fa%3A", ":", "?", "\x00"])
def test_a_url_of_two_megabytes_is_no_burden(unit: str) -> None:
    started = time.process_time()
    for text in (unit * (2_000_000 // len(unit)), f"https://example.com/{unit * (2_000_000 // len(unit))}"):
        assert max(map(len, split_url(text))) <= MAX_TEXT_LENGTH
    assert time.process_time() - started < 1
