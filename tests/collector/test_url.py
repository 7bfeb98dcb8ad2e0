"""Addresses of pages, taken apart without ever failing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.url import host_of, split_url


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ("", "", "", "", "")),
        ("/pricing?a=1&b=2#top", ("", "", "/pricing", "a=1&b=2", "top")),
        ("HomeScreen", ("", "", "HomeScreen", "", "")),
        ("https://example.com", ("https://example.com", "example.com", "/", "", "")),
        ("HTTPS://Example.COM:443/A?q#h", ("https://example.com", "example.com", "/A", "q", "h")),
        ("http://example.com:8080/", ("http://example.com:8080", "example.com", "/", "", "")),
        ("https://me:p%40ss@example.com/x", ("https://example.com", "example.com", "/x", "", "")),
        ("https://a@b@example.com/x", ("https://example.com", "example.com", "/x", "", "")),
        ("https://example.com?x=/y", ("https://example.com", "example.com", "/", "x=/y", "")),
        ("https://example.com/#/route?x=1", ("https://example.com", "example.com", "/", "", "/route?x=1")),
        ("//cdn.example.com/x", ("https://cdn.example.com", "cdn.example.com", "/x", "", "")),
        ("http://[2001:db8::1]:81/x", ("http://[2001:db8::1]:81", "[2001:db8::1]", "/x", "", "")),
        ("https://한국.example/글%zz", ("https://한국.example", "xn--3e0b707e.example", "/글%zz", "", "")),
        ("javascript:alert(1)", ("", "", "javascript:alert(1)", "", "")),
        ("https:///x", ("", "", "/x", "", "")),
        ("a b://c/d", ("", "", "a b://c/d", "", "")),
        ("/go?to=https://me:pw@example.com/", ("", "", "/go", "to=https://me:***/", "")),
    ],
)
def test_a_url_has_parts(text: str, parts: tuple[str, ...]) -> None:
    assert tuple(split_url(text)) == parts


def test_a_host_is_in_punycode_without_port_or_final_dot() -> None:
    assert host_of("Bücher.Example.:8080") == "xn--bcher-kva.example"
    assert host_of("x" * 300 + "ü") == "x" * 300 + "ü"


@given(st.text())
def test_any_text_is_taken_apart(text: str) -> None:
    split_url(text)
    split_url(f"https://{text}")
