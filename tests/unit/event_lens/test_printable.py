"""What others wrote does not steer the terminal of those who read it."""

import io
from collections.abc import Callable

import pytest

from cli.console import console, errors, show_error, show_table
from event_lens.printable import printable

EVIL = "buy \x1b[2J\x1b]0;owned\x07 한 \x9b"


def test_characters_that_control_a_terminal_are_escaped_and_letters_are_not() -> None:
    assert printable(EVIL) == "buy \\x1b[2J\\x1b]0;owned\\x07 한 \\x9b"
    assert printable("two\nlines") == "two\nlines"


@pytest.mark.parametrize("show", [lambda: show_table("t", ("name",), [(EVIL,)]), lambda: show_error(EVIL)])
def test_tables_and_errors_show_names_of_events_as_text(
    show: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    for each in (console, errors):
        monkeypatch.setattr(each, "file", written)
    show()
    assert "\\x1b[2J" in written.getvalue()
    assert not {"\x1b", "\x07", "\x9b"} & {*written.getvalue()}
