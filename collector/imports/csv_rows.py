"""Rows of CSV files, numbered by their lines; of an unreadable row only the first line is lost."""

import csv
from collections import Counter, deque
from collections.abc import Iterator
from typing import TextIO

from event_lens.errors import Refused

SEPARATORS = ",;\t|"
MAX_FIELD_CHARACTERS = 1_048_576
csv.field_size_limit(MAX_FIELD_CHARACTERS)


class CsvRows:
    """The rows of a text after its header. Iterating yields each row with its line number; an unreadable row is yielded
    as a text. An unclosed quote would swallow the following lines, so these are read again without the row that has the
    quote.
    """

    def __init__(self, text: TextIO) -> None:
        self._lines = _Lines(text)
        header = self._lines.peek()
        self._separator = max(SEPARATORS, key=header.count)
        self.names = _names(next(csv.reader(self._lines, delimiter=self._separator), []))

    def __iter__(self) -> Iterator[tuple[int, list[str] | str]]:
        lines, width = self._lines, len(self.names)
        reader = csv.reader(lines, delimiter=self._separator)
        while True:
            lines.taken.clear()
            number = lines.number + 1
            try:
                row = next(reader, None)
            except csv.Error:
                row = []
            if not lines.taken:
                return
            if row and len(row) == width and not lines.ends_in_quotes():
                yield number, row
            elif lines.taken[0].strip():
                yield number, lines.taken[0].rstrip("\r\n")
                lines.give_back()
                reader = csv.reader(lines, delimiter=self._separator)


class _Lines:
    """The lines of a text, and the lines that the current row has taken; a line longer than the limit of a field is
    cut.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._waiting: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        return line

    def peek(self) -> str:
        line = self._read()
        self._waiting.append(line)
        return line

    def give_back(self) -> None:
        """Return all lines of the current row except the first to the text, to be read next."""
        self._waiting.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1

    def ends_in_quotes(self) -> bool:
        """Return whether the text ended while the current row was within quotes."""
        return len(self.taken) > 1 and sum(line.count('"') for line in self.taken) % 2 == 1

    def _read(self) -> str:
        line = self._text.readline(MAX_FIELD_CHARACTERS)
        if len(line) == MAX_FIELD_CHARACTERS and not line.endswith("\n"):
            while (rest := self._text.readline(MAX_FIELD_CHARACTERS)) and not rest.endswith("\n"):
                pass
        return line


def _names(header: list[str]) -> list[str]:
    """Return the columns' names; a column without a name is named by its place. Raises `Refused` for a duplicate
    name.
    """
    names = [name or f"column {place}" for place, name in enumerate(header, 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise Refused(
            f"Two columns are called {twice[0]!r}: give each a name of its own, in the header.",
            code="import_columns_ambiguous",
        )
    return names
