"""Pages that are written from the code say what the code says. That of tables is held where dbt's manifest is read."""

import pytest

from docs.generate.pages import PAGES, ROOT


@pytest.mark.parametrize("path", sorted(PAGES.keys() - {"docs/graph.md", "docs/tables.md"}))
def test_pages_that_are_written_from_the_code_are_current(path: str) -> None:
    assert (ROOT / path).read_text() == PAGES[path](), "write the pages again: python -m docs.generate"
