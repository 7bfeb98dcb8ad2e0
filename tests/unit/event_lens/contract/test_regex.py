"""A pattern that is taken is one that the warehouse's engine takes too, and with which it reads a text in one pass,
else a stored one would break or delay every build.
"""

import re
from pathlib import Path
from random import Random
from time import thread_time

import pytest
import re2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from event_lens.contract.regex import _cost, check_patterns
from event_lens.contract.regex_syntax import read_pattern
from event_lens.errors import EventLensError, Refused
from event_lens.warehouse.client import Warehouse

API = (Path(__file__).resolve().parents[4] / "docs" / "api.md").read_text()

# As people ask for pages, campaigns, releases, ids and search terms.
ORDINARY = [
    r"/blog/", r"^/blog/\d{4}-\d\d/[^/]+$", r"^/blog/[0-9]{4}/[0-9]{2}/[^/]+/?$", r"(?i)pri(c|z)ing", r"^/$",
    r"^/(en|de|fr|es|it|nl|pl|pt|ja|zh)(-[A-Z]{2})?/(products|collections|pages)/[a-z0-9-]+$",
    r"/orders/\d{6,12}/(confirmation|thank-you)", r"^/checkout/(address|payment|review|done)$",
    r"^/p/[A-Za-z0-9_-]{11}$", r"\.(pdf|zip|docx?|xlsx?)$", r"utm_(source|medium|campaign)=[^&]+",
    r"gclid=[\w-]{20,100}", r"^[A-Z]{2}$", r"(?i)^(google|bing|duckduckgo|yahoo|ecosia)\.",
    r"^\d+\.\d+\.\d+(-[a-z]+(\.\d+)?)?$", r"[?&]ref=[a-z]{2,20}(&|$)",
    r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    r"^https?://(www\.)?example\.(com|org|co\.uk)/", r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
    r"\b(free|pro|team|enterprise)\b", r"^/(?:app|dashboard)(?:/.*)?$",
    r"/(login|signin|sign-in|signup|sign-up|register)/?(\?.*)?$", r"(?i)(iphone|ipad|android|windows phone)",
    r"^(?P<section>/[^/]+)/(?P<slug>[^/]+)$", r"^/search\?q=.{3,50}$", r"^.{0,200}timeout", r"^.{100,}$",
    r"error: .*timeout", r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", r"^\pL+[\pL\d -]*$", r"^(/[a-z-]+){1,5}/?$",
    r"^/[^/]+/[^/]+/[^/]+/[^/]+$", r"^/docs/(v[0-9]+(\.[0-9]+){0,2}|latest|stable)/", r"([^/]+/){2,8}index\.html",
    r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}", r"(\w+\s){3,}", r"(a+)+$", r"(.*)*x", r"^[a-q][^u-z]{60}x",
]  # fmt: skip
# Each may begin at many characters and has to remember at which, so that every character of a text makes a new state.
COUNTING_ON = [
    "[a-q][^u-z]{60}x", "[a-q][ -~]{20}x", "[a-q]" + "." * 60, "^^(.*[a-q][^u-z]{60}x)", "(^^)?[a-q][^u-z]{60}x",
    r"(\A|a)?[a-q][^u-z]{60}x", "(?m)^[a-z\\n]{60}x", r"\Qa\E[^u-z]{60}x", "(?i)k.{30}", "error: .{0,200}timeout",
    ".{0,200}timeout", r"\p{Lu}[^0-9]{40}", "[㐁][^㐂]{60}x", r"\x{20001}[^\x{20002}]{60}x",
    "[[:lower:]][[:print:]]{40}", r"\b[a-z ]{60}x", r"\B[a-z ]{60}X", "(?m:$)[a-z\\n]{60}x", "((a|b)(c|[^d]){15}){3}",
]  # fmt: skip

PIECES = [
    *r"""ab01\()[]{}^$.*+?|-,:=!<>P _&~#'"/zZAQRpux""", "(?:", "(?i)", "(?)",
    "(?P<a>", "(?P<a\u0301>", "(?<n>", "(?P=a)", "(?>", "(?=",
    "(?<!", "(?#", "[[:alpha:]]", "[[:foo:]]", r"[\b]", "[^",
    r"\d", r"\W+", r"\x41", r"\101", r"\1", r"\pL", r"\Qa\E", r"\N{DIGIT ONE}",
    "{2,3}", "{40}", "{1000}", "{,3}", "*?", "++", "é", "🎈",
]  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=10))
def test_the_engine_takes_every_accepted_pattern(warehouse: Warehouse, pieces: list[str]) -> None:
    pattern = "".join(pieces)
    try:
        check_patterns([pattern])
    except Refused:
        return
    assert warehouse.value("SELECT match(toString(number), {p:String}) FROM numbers(1)", {"p": pattern}) in (0, 1)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^/blog/\d{4}-\d\d/[^/]+$", r"(?i)pri(c|z)ing", r"[[:alpha:]]+", r"a\++", r"[*+]+", r"\bfoo\b|bar$",
        r"/p/(?:a|b)\.html\?x=1", "[^é]{110}", "^(?:.{10}){10}", "", "é|🎈",
        r"\pL+", r"\p{Greek}", r"\Qa.b\E", r"(?U)a+", r"\x{41}", r"a\z", r"\C", "a\x00b", "(?P<word>a)",
        "^(?:a{30}){10}", "(?)", "a(?)b", "(?P<a\u0301>b)",
    ],
)  # fmt: skip
def test_patterns_that_people_write_are_accepted(warehouse: Warehouse, pattern: str) -> None:
    check_patterns([pattern])
    assert warehouse.value("SELECT match(toString(number), {p:String}) FROM numbers(1)", {"p": pattern}) in (0, 1)


@pytest.mark.parametrize(
    "pattern", ["(", "[", "*a", "a**", r"(a)\1", "(?=a)", "(?<!a)b", "(?P<a>x)(?P=a)", "(?>a)", "a++", "x{2}+", r"\Z",
                r"\u0041", "a{1001}", "(a{100}){11}", "(?x)a", "(?u)a", r"[\b]", "[[:foo:]]", r"\pX", "[b-a]"],
)  # fmt: skip
def test_patterns_that_the_engine_does_not_take_are_refused(warehouse: Warehouse, pattern: str) -> None:
    with pytest.raises(Refused, match="not a regular expression") as refused:
        check_patterns([pattern])
    with pytest.raises(EventLensError, match="CANNOT_COMPILE_REGEXP"):
        warehouse.value("SELECT match(toString(number), {p:String}) FROM numbers(1)", {"p": pattern})
    assert refused.value.code == "filters_invalid"


@pytest.mark.parametrize("pattern", [")", "(", "*", "["])
def test_a_pattern_whose_structure_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    monkeypatch.setattr("event_lens.contract.regex.read_pattern", lambda _: read_pattern(pattern))
    monkeypatch.setattr("event_lens.contract.regex._cost", _cost.__wrapped__)
    with pytest.raises(Refused, match=r"'ab' is written in a way .* Write it in a simpler way") as refused:
        check_patterns(["ab"])
    assert refused.value.code == "filters_invalid"


@pytest.mark.parametrize("pattern", ORDINARY)
def test_ordinary_patterns_are_taken(pattern: str) -> None:
    check_patterns([pattern])


@pytest.mark.parametrize("pattern", COUNTING_ON)
def test_a_pattern_that_counts_on_from_many_places_is_refused(pattern: str) -> None:
    with pytest.raises(Refused, match=r"counts on from each .* Begin it with \^, or use \*, \+ or smaller") as refused:
        check_patterns([pattern])
    assert refused.value.code == "filters_invalid"


@pytest.mark.parametrize("pattern", ["[^é]{1000}", "(?:.{10}){100}", "(?:a{30}){30}" * 30, r"\pL{3,30}"])
def test_a_pattern_that_is_long_written_out_is_refused(pattern: str) -> None:
    with pytest.raises(Refused, match=r"written out it has .* and 2,500 are allowed\. Use smaller counts") as refused:
        check_patterns([pattern])
    assert refused.value.code == "filters_invalid"


def test_the_patterns_that_the_docs_call_refused_are_refused_and_the_others_are_not() -> None:
    told = re.search(r"A\s+pattern is refused if .*?`(.+?)`; `(.+?)` and\s+`(.+?)` are not.*?`(.+?)`", API, re.DOTALL)
    assert told is not None
    counts_on, *taken, is_long = told.groups()
    check_patterns(taken)
    for pattern, fault in ((counts_on, "counts on from each"), (is_long, "written out")):
        with pytest.raises(Refused, match=fault):
            check_patterns([pattern])


def test_patterns_that_are_too_much_together_are_refused() -> None:
    check_patterns([f"^/{number}/[^/]+$" for number in range(400)])
    for many in ([f"^/{number}/[^/]+$" for number in range(800)], [f"[a-q][ -~]{{8}}{number}" for number in range(60)]):
        with pytest.raises(Refused, match=r"take too long together\. Give fewer or shorter"):
            check_patterns(many)


def test_a_pattern_in_deep_groups_is_read() -> None:
    check_patterns(["(a|" * 120 + ")" * 120, "(" * 250 + "a" + ")" * 250])


def test_what_is_taken_is_read_in_one_pass() -> None:
    texts = ["".join(Random(seed).choices("abcdefghijklmnopqrst/-0é中", k=2_000)).encode() for seed in range(8)]

    def seconds(pattern: str) -> float:
        compiled = re2.compile(pattern.encode())
        started = thread_time()
        for text in texts * 3:
            compiled.search(text)
        return thread_time() - started

    taken = max(map(seconds, ["[a-q][^u-z]{9}X", "[^é]{110}X", "^.{0,200}timeout", r"\pL+\d\pL+X"]))
    assert seconds("[a-q][^u-z]{60}X") > 20 * taken
