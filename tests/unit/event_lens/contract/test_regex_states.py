"""Places and states of a pattern are those that RE2 finds: a pattern that is thought cheap must be."""

import re2
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from event_lens.contract.regex_states import Kind, Search, State, weigh_states
from event_lens.contract.regex_syntax import read_pattern

PIECES = [
    *"abc()|*+?^$[].-", "(?:", "(?i)", "(?i:", "(?s-i:", "(?m)", "(?P<n>", r"\A", r"\z", r"\b", r"\B", r"\Qa.\E", r"\d",
    r"\.", r"\x61", r"\141", r"\pL", "[^a]", "[]a]", "[[:alpha:]]", "[a-c]", "{2}", "{0,2}", "{1,}", "{,2}", "*?", "é",
    "A", " ", "\n",
]  # fmt: skip
TEXT = st.text("abcA1.{,2}] é\n", max_size=8)
END = "☃"
NO_LIMIT = 10**9


def quiet() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    return options


def state_after(search: Search, text: str) -> State:
    """The places that the next character may have, after those of the text were read one by one."""
    state = search.start
    for character in text:
        fitting = sum(places for pattern, places in search.patterns.items() if re2.fullmatch(pattern, character))
        name = "line end" if character == "\n" else "word" if re2.fullmatch(r"\w", character) else "other"
        state = search.after(state, Kind(fitting, name if search.has_lines_or_words else "other"))
    return state


@settings(max_examples=300)
@given(pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=12), texts=st.lists(TEXT, min_size=4, max_size=4))
def test_what_may_follow_a_text_is_what_the_engine_finds_at_its_end(pieces: list[str], texts: list[str]) -> None:
    pattern = "".join(pieces)
    try:
        re2.compile(pattern, quiet())
    except re2.error:
        assume(False)
    pattern = f"(?:{pattern}){END}"
    compiled, search = re2.compile(pattern, quiet()), Search(read_pattern(pattern))
    end = 1 << search.place_count - 1
    for text in texts:
        assert bool(state_after(search, text)[-1] & end) == bool(compiled.search(text + END)), text


def test_states_are_counted_with_what_they_hold() -> None:
    def runs(pattern: str) -> list[tuple[int, int]]:
        return [match.span() for match in re2.finditer(f"{pattern}+", "abc")]

    # After an `a` the next may be the first or the second place, after `ab` the first or the third, else the first.
    assert weigh_states(Search(read_pattern("abc")), runs, NO_LIMIT) == 3 * (40 + 4 * 8) + 4 * (1 + 2 + 2)
