"""A pattern that is taken is one that the warehouse's engine takes too, else a stored one would break every build."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from event_lens.contract.regex import check_pattern
from event_lens.errors import EventLensError, Refused
from event_lens.warehouse.client import Warehouse

PIECES = [
    *r"""ab01\()[]{}^$.*+?|-,:=!<>P _&~#'"/zZAQRpux""", "(?:", "(?i)", "(?P<a>", "(?<n>", "(?P=a)", "(?>", "(?=",
    "(?<!", "(?#", "[[:alpha:]]", "[[:foo:]]", r"[\b]", "[^",
    r"\d", r"\W+", r"\x41", r"\101", r"\1", r"\pL", r"\Qa\E", r"\N{DIGIT ONE}",
    "{2,3}", "{40}", "{1000}", "{,3}", "*?", "++", "é", "🎈",
]  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=10))
def test_the_engine_takes_every_accepted_pattern(warehouse: Warehouse, pieces: list[str]) -> None:
    pattern = "".join(pieces)
    try:
        check_pattern(pattern)
    except Refused:
        return
    assert warehouse.value("SELECT match(toString(number), {p:String}) FROM numbers(1)", {"p": pattern}) in (0, 1)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^/blog/\d{4}-\d\d/[^/]+$", r"(?i)pri(c|z)ing", r"[[:alpha:]]+", r"a\++", r"[*+]+", r"\bfoo\b|bar$",
        r"/p/(?:a|b)\.html\?x=1", "[^é]{1000}", "(?:.{10}){100}", "", "é|🎈",
        r"\pL+", r"\p{Greek}", r"\Qa.b\E", r"(?U)a+", r"\x{41}", r"a\z", r"\C", "a\x00b", "(?P<word>a)",
        "(?:a{30}){30}" * 30,
    ],
)  # fmt: skip
def test_patterns_that_people_write_are_accepted(warehouse: Warehouse, pattern: str) -> None:
    check_pattern(pattern)
    assert warehouse.value("SELECT match(toString(number), {p:String}) FROM numbers(1)", {"p": pattern}) in (0, 1)


@pytest.mark.parametrize(
    "pattern", ["(", "[", "*a", "a**", r"(a)\1", "(?=a)", "(?<!a)b", "(?P<a>x)(?P=a)", "(?>a)", "a++", "x{2}+", r"\Z",
                r"\u0041", "a{1001}", "(a{100}){11}", "(?x)a", "(?u)a", r"[\b]", "[[:foo:]]", r"\pX", "[b-a]"],
)  # fmt: skip
def test_patterns_that_the_engine_does_not_take_are_refused(warehouse: Warehouse, pattern: str) -> None:
    with pytest.raises(Refused, match="not a regular expression") as refused:
        check_pattern(pattern)
    with pytest.raises(EventLensError, match="CANNOT_COMPILE_REGEXP"):
        warehouse.value("SELECT match(toString(number), {p:String}) FROM numbers(1)", {"p": pattern})
    assert refused.value.code == "filters_invalid"
