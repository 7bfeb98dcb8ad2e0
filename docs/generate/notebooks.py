"""`docs/notebooks.md`, written from the notebooks: the subject of each, and the pictures that it draws."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "images" / "notebooks"
NAMES = (
    "first_look",
    "sessions",
    "funnels",
    "retention_cohorts",
    "cohorts",
    "attribution",
    "paths",
    "bots",
    "data_quality",
    "offline",
    "sql_to_chart",
)
"""The notebooks in the order in which one would read them."""
HEAD = """# Notebooks

```sh
make demo       # once: data to look at
make notebook   # JupyterLab on it, with everything installed; Ctrl-C ends it
```

`make notebook` starts the demo's warehouse and opens JupyterLab in `notebooks/`, bound to this machine, with the demo's
project chosen. On data of your own: `.venv/bin/eventlens notebook`, also while `make up` runs; with several projects
`--project` says which one is looked at. From another machine install the packages, set `EVENTLENS_QUERY_URL` and
`EVENTLENS_QUERY_KEY` to a read key's, and start JupyterLab yourself; the cells that ask by `lens.sql` need
`connect(warehouse=...)`.

Pictures are SVG that a package draws, without a network, in colours that people without colour vision can tell apart.
Periods that are not over are drawn apart. The tests run every notebook on the demo's shop over eight weeks; the
pictures below are theirs, and this page is written from the notebooks by `python -m docs.generate`.
"""


def picture(name: str, number: int) -> Path:
    """Return the path of a notebook's picture, counted from 1."""
    return PICTURES / f"{name}-{number}.png"


def pictures_of(name: str) -> list[Path]:
    """Return the paths of a notebook's existing pictures, in order."""
    return sorted(PICTURES.glob(f"{name}-*.png"))


def notebooks_page() -> str:
    """Return the text of the page: a section for each notebook."""
    return HEAD + "".join(_section(name) for name in NAMES)


def _section(name: str) -> str:
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())
    title, _, rest = "".join(notebook["cells"][0]["source"]).removeprefix("# ").partition("\n")
    paragraph = rest.strip().split("\n\n")[0].replace("](../docs/", "](")
    shown = "".join(f"\n![{title}](images/notebooks/{path.name})\n" for path in pictures_of(name))
    return f"\n## {title}\n\n{paragraph}\n\n[notebooks/{name}.ipynb](../notebooks/{name}.ipynb)\n{shown}"
