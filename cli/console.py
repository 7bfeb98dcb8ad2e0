"""Output for a terminal: aligned tables, progress of long work, errors without a traceback."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from event_lens.printable import printable

# Bound to the terminal now, so that a build can send the output of its tools elsewhere.
console = Console(file=sys.stdout)
errors = Console(file=sys.stderr)

MAX_UNBROKEN = 32
UNLIMITED = 100_000
GAP = "   "


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table. Columns of numbers are aligned to the right, and a short first column is not wrapped."""
    console.print(_table(title, columns, [list(row) for row in rows]))


def show_rows(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, or each row as a block of names and values when the terminal is too narrow for the table."""
    cells = [list(row) for row in rows]
    table = _table(title, columns, cells)
    if Measurement.get(console, console.options.update(max_width=UNLIMITED), table).maximum <= console.width:
        console.print(table)
    else:
        _show_blocks(title, columns, cells)


def _table(title: str, columns: Sequence[str], cells: Sequence[Sequence[object]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", expand=False)
    for position, column in enumerate(columns):
        values = [row[position] for row in cells if row[position] is not None]
        is_numeric = bool(values) and all(isinstance(value, int | float) for value in values)
        is_called = position == 0 and all(len(str(value)) <= MAX_UNBROKEN for value in values)
        justify: Literal["right", "left"] = "right" if is_numeric else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=is_called)
    for row in cells:
        table.add_row(*(Text(_cell(value)) for value in row))
    return table


def _show_blocks(title: str, columns: Sequence[str], cells: Sequence[Sequence[object]]) -> None:
    """Print each row as lines of `name value`, as many to a line as fit. A name has the same place in every block."""
    blocks = [
        [Text.assemble((name, "dim"), " ", _cell(value)) for name, value in zip(columns, row, strict=True)]
        for row in cells
    ]
    widths = _block_widths(blocks)
    if title:
        console.print(title, style="bold", markup=False, highlight=False)
    for block in blocks:
        for start in range(0, len(block), len(widths)):
            line = block[start : start + len(widths)]
            for pair, width in zip(line[:-1], widths, strict=False):
                pair.pad_right(width - pair.cell_len)
            # A value that is longer than a line is broken by the terminal alone, so that a copy has it in one piece.
            console.print(Text(GAP).join(line), soft_wrap=True)
        console.print()


def _block_widths(blocks: Sequence[Sequence[Text]]) -> list[int]:
    """Return the widths of the most pairs that fit in a line of every block; at least one pair is in a line."""
    lengths = [max(pair.cell_len for pair in pairs) for pairs in zip(*blocks, strict=True)]
    for count in range(len(lengths), 1, -1):
        widths = [max(lengths[place::count]) for place in range(count)]
        if sum(widths) + len(GAP) * (count - 1) <= console.width:
            return widths
    return [max(lengths)]


def show_error(message: str) -> None:
    errors.print(f"[red]error:[/red] {escape(printable(message))}", highlight=False, soft_wrap=True)


class Bar:
    """A progress bar of known or unknown length."""

    def __init__(self, progress: Progress, text: str, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task(text, total=total)

    def advance(self, count: int) -> None:
        self._progress.advance(self._task, count)

    def show(self, text: str, done: int | None = None, total: int | None = None) -> None:
        self._progress.update(self._task, description=text, completed=done, total=total)


@contextmanager
def progress_bar(text: str, total: int | None = None, *, is_timed: bool = False) -> Iterator[Bar]:
    """Show `text` and the progress while the block runs. If the output is not a terminal, only one line is shown.

    `is_timed` shows the finished share and the remaining time in place of counts.
    """
    if not console.is_terminal:
        console.print(f"{text} ...", highlight=False)
    ends: tuple[ProgressColumn, ...] = (MofNCompleteColumn(), TimeElapsedColumn())
    if is_timed:
        ends = (TaskProgressColumn(), TimeRemainingColumn())
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), *ends)
    with Progress(*columns, console=console, transient=False, disable=not console.is_terminal) as progress:
        yield Bar(progress, text, total)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    return printable(str(value))
