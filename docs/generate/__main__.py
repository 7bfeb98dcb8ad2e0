"""Write every page again: `python -m docs.generate`."""

from docs.generate.pages import PAGES, ROOT

for path, page in PAGES.items():
    (ROOT / path).write_text(page())
