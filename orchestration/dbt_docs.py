"""dbt's own documentation of the models, with their lineage, as one page that loads nothing from elsewhere."""

from pathlib import Path

from event_lens.errors import Broken
from event_lens.settings import Settings
from orchestration.dbt import dbt_flags, dbt_project, run_dbt

PAGE = "static_index.html"
# dbt's page can load a tracker from another host; this policy makes browsers load nothing.
POLICY = (
    "<head><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline' "
    "'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; font-src data:; connect-src data:\">"
)


def write_dbt_docs(settings: Settings) -> Path:
    """Write the page into the home and return its path; the warehouse is not asked. Raises `Broken`
    (`models_unparsable`).
    """
    project = dbt_project(settings)
    flags = ["--static", "--empty-catalog", "--no-compile", *dbt_flags(project, project.target_path)]
    if failure := run_dbt(["docs", "generate", *flags]):
        raise Broken(f"dbt cannot write its documentation: {failure}", code="models_unparsable")
    target = settings.home / "docs" / "index.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text((project.target_path / PAGE).read_text().replace("<head>", POLICY, 1))
    return target
