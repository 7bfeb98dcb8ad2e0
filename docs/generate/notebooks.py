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
project selected. For your own data run `.venv/bin/eventlens notebook`, even while `make up` runs; if there are several
projects, name one with `--project`. On another machine install the packages, set `EVENTLENS_QUERY_URL` to the API's
address and `EVENTLENS_QUERY_KEY` to a read key, and start JupyterLab yourself; cells with `lens.sql` need
`connect(warehouse=...)`.

Pictures are drawn as SVG by a package, without a network, in colours that people without colour vision can distinguish.
Unfinished periods are drawn differently. The tests run every notebook on eight weeks of the demo's shop and save the
pictures below. This page is written from the notebooks by `python -m docs.generate`.
"""


def picture(name: str, number: int) -> Path:
    """Return the path of a picture of a notebook; `number` counts from 1."""
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
