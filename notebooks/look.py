"""How the notebooks draw: without a network, in colours that everybody can distinguish, and with unfinished periods
marked.
"""

from typing import Any

import altair
import polars

# Okabe and Ito's, which people without colour vision can tell apart; black is left for text.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#999999"
SHADES = "blues"
WIDTH = 560
DAY_MS = 86_400_000


@altair.theme.register("lens", enable=True)
def _theme() -> altair.theme.ThemeConfig:
    return {
        "config": {
            "title": {"anchor": "start", "fontSize": 15, "subtitleColor": "#555555", "offset": 12},
            "view": {"continuousWidth": WIDTH, "stroke": None},
            "axis": {"grid": False, "labelLimit": 200},
            "range": {"category": list(COLOURS)},
            "mark": {"color": BLUE},
        }
    }


# Pictures come from a package that is installed, as SVG: nothing is fetched when a notebook is opened.
altair.renderers.enable("svg")


def date_axis(name: str = "date", *, each: polars.Series | None = None, around: int = 0) -> altair.X:
    """Return an axis of dates that shows each date as the same day, whatever the zone of the browser is.

    If `each` is given, there is a label for each of these dates. `around` is the room in days before and after them,
    which bars need.
    """
    axis: dict[str, Any] = {"format": "%-d %b", "title": None, "labelAngle": 0}
    scale: dict[str, Any] = {"type": "utc"}
    if each is not None:
        at = each.unique().sort().cast(polars.Datetime("ms")).dt.timestamp("ms").to_list()
        axis["values"] = at
        if around and at:
            scale["domain"] = [at[0] - around * DAY_MS, at[-1] + around * DAY_MS]
    return altair.X(f"{name}:T", axis=altair.Axis(**axis)).scale(**scale)


def weeks(frame: polars.DataFrame, measure: str, title: str, *, label: str, subtitle: str = "") -> altair.LayerChart:
    """Draw a line over periods. An unfinished last period is an open circle on a dashed line, because it is not a
    loss.
    """
    told = [subtitle] if subtitle else []
    complete = frame.filter("is_complete")
    rest = polars.concat([complete.tail(1), frame.filter(~polars.col("is_complete"))])
    x, y = date_axis(each=frame["date"]), altair.Y(f"{measure}:Q", title=label).scale(zero=True)
    layers: list[Any] = [
        altair.Chart(complete).mark_line(point=True).encode(x, y),
    ]
    if rest.height > 1:
        told.append("The open circle is a period that is not over.")
        layers.append(altair.Chart(rest).mark_line(strokeDash=[4, 4], color=GREY).encode(x, y))
        open_end = altair.Chart(rest.tail(-1)).mark_point(size=70, filled=False, color=GREY)
        layers.append(open_end.encode(x, y))
    return altair.layer(*layers).properties(title=altair.TitleParams(title, subtitle=told), height=220)


def bars(
    frame: polars.DataFrame, name: str, measure: str, title: str, *, label: str, text: str = ".0f"
) -> altair.LayerChart:
    """Draw bars, the largest first, with their numbers at the end."""
    base = altair.Chart(frame).encode(
        altair.X(f"{measure}:Q", title=label, axis=altair.Axis(tickCount=6)),
        altair.Y(f"{name}:N", sort="-x", title=None),
    )
    numbers = base.mark_text(align="left", dx=4).encode(text=altair.Text(f"{measure}:Q", format=text))
    return altair.layer(base.mark_bar(), numbers).properties(title=title, height=altair.Step(24))
