"""The moves of sessions from page to page."""

from collections.abc import Callable

from tests.spec.cases.case import Case
from tests.spec.rows import HOUR_MS, Project, moment

MOVES = """select toString(day), step, from_path, to_path, sessions from lens.page_flows_daily
    where project_id = {project:String} order by day, step, from_path, to_path"""
LENGTH = """select max(step), sum(sessions), sum(to_path = '') from lens.page_flows_daily
    where project_id = {project:String}"""


def visited(*visits: str) -> Callable[[Project], None]:
    """Visits on 2 February at 23:50, one a device: the paths in order, 10 minutes apart."""

    def send(project: Project) -> None:
        for number, visit in enumerate(visits):
            for place, path in enumerate(visit.split()):
                project.view(moment("2026-02-02 23:50") + place * HOUR_MS // 6, path, f"d{number}")
            project.event("2026-02-02 23:51", "click", f"d{number}")

    return send


CASES = {
    "flows": Case(
        "Sessions come from nowhere and go to nowhere, on the day they started; a session without a view does neither.",
        visited("/a /b", "/a /c", "/a", ""),
        MOVES,
        [
            ("2026-02-02", 1, "", "/a", 3),
            ("2026-02-02", 2, "/a", "", 1),
            ("2026-02-02", 2, "/a", "/b", 1),
            ("2026-02-02", 2, "/a", "/c", 1),
            ("2026-02-02", 3, "/b", "", 1),
            ("2026-02-02", 3, "/c", "", 1),
        ],
    ),
    "flows_reload": Case(
        "The same path several times in a row is one stop; coming back to it is another.",
        visited("/a /a /b /a /a"),
        MOVES,
        [
            ("2026-02-02", 1, "", "/a", 1),
            ("2026-02-02", 2, "/a", "/b", 1),
            ("2026-02-02", 3, "/b", "/a", 1),
            ("2026-02-02", 4, "/a", "", 1),
        ],
    ),
    "flows_19": Case(
        "After 19 stops leaving is the 20th move.",
        visited("/a /a /b " * 9 + "/a"),
        LENGTH,
        [(20, 20, 1)],
    ),
    "flows_20": Case(
        "After 20 stops leaving is no longer among the first 20 moves.",
        visited("/a /b " * 10),
        LENGTH,
        [(20, 20, 0)],
    ),
}
