"""`eventlens doctor` names what has to be mended."""

from pathlib import Path

from cli.doctor import Finding, examine
from event_lens.registry.database import open_registry
from event_lens.registry.definitions.funnels import create_funnel
from event_lens.registry.definitions.store import keep, now
from event_lens.registry.projects import create_project
from event_lens.registry.tables import Cohort, Goal
from event_lens.settings import read_settings

SLOW = [{"name": "path", "operator": "regex", "value": ["^/ok", "[a-q][^u-z]{60}x"]}]


def test_a_definition_whose_pattern_would_be_refused_today_is_named(tmp_path: Path) -> None:
    settings = read_settings({"EVENTLENS_HOME": str(tmp_path / "home")})
    registry = open_registry(settings)
    project = create_project(registry, "Mine").project_id
    create_funnel(registry, project, "fine", ("a", "b"))
    # As an earlier version stored them, behind today's check.
    keep(registry, Goal(goal_id="g", project_id=project, name="g", event_name="e", filters=SLOW, created_at=now()))
    criteria = [{"event": "e", "filters": SLOW, "count": {"operator": "gte", "value": 1}, "within_days": None}]
    keep(
        registry, Cohort(cohort_id="c", project_id=project, name="c", criteria=criteria, match="all", created_at=now())
    )
    registry.close()
    named = {each.subject: each for each in examine(settings) if each.subject in ("g", "c") or "funnel" in each.subject}
    assert set(named) == {"g", "c"}
    assert named["g"] == Finding("g", "problem", named["g"].found, named["g"].remedy)
    assert named["g"].found.startswith("'[a-q][^u-z]{60}x' would take too long")
    assert "define it anew and remove this one" in named["g"].remedy
