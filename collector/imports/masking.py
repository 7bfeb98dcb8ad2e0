"""Masks lines of files, so that they can be shown and stored without addresses and secrets."""

import re
from collections.abc import Iterable

from collector.enrichment.url_redaction import mask_secrets
from event_lens.printable import printable

ADDRESS = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b"
    r"|(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}(?![\w:])"
    r"|(?<![\w:])[0-9A-Fa-f:]*::[0-9A-Fa-f:.]*(?![\w:])"
)
FIRST_WORD = re.compile(r"^\s*[^\s\[{\"]+(?=\s)")
MASK = "***"


def masked_line(text: str) -> str:
    """Return the line with its first word, which may be a visitor's host, and all addresses and secrets masked."""
    return mask_secrets(ADDRESS.sub(MASK, FIRST_WORD.sub(MASK, text)))


def shown_line(text: str, longest: int) -> str:
    """Return the beginning of a masked line for a terminal, with control characters escaped."""
    return printable(masked_line(text)[:longest].replace("\n", " "))


def shown_names(names: Iterable[str], longest: int) -> str:
    """Return names of columns for a terminal, masked: in a file of an unexpected kind, they may be data."""
    return ", ".join(printable(mask_secrets(ADDRESS.sub(MASK, name))) for name in names)[:longest]
