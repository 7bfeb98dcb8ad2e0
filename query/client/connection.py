"""How a client finds its source of answers: an address and a key, a warehouse, a lake, or the settings of the
environment.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from event_lens.env_file import load_env_file
from event_lens.errors import Refused
from event_lens.registry.database import open_registry
from event_lens.registry.projects import find_project, list_projects
from event_lens.settings import HOME, Settings, read_settings
from event_lens.shards import tables_database
from event_lens.warehouse.access import warehouse_url
from query.auth import subject_of
from query.client.api import Api
from query.client.lake import Lake
from query.client.lens import Lens
from query.client.local import Local
from query.client.source import Source
from query.pool import Pool
from query.report_context import ProjectScope

ACCESS_DENIED = "warehouse_497"
PROJECTS = "SELECT project_id, timezone, currency FROM lens_raw.project_settings FINAL ORDER BY project_id"


def connect(
    url: str | None = None,
    key: str | None = None,
    *,
    warehouse: str | Path | None = None,
    lake: str | Path | None = None,
    project: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Lens:
    """Return a lens with the questions of one project.

    `url` and `key` (`ID:SECRET` of a read key) ask the query API. `warehouse` asks a warehouse directly: it is a home
    (a folder) on this machine, or ClickHouse's address with user and password. `lake` asks a folder of `eventlens
    export-lake`, for which nothing needs to run. `project` may be left out when there is only one project.

    Without any of them, EVENTLENS_QUERY_URL and EVENTLENS_QUERY_KEY are used, or the home of the settings when no URL
    is set. EVENTLENS_QUERY_PROJECT names the project of that home, or of a lake. A key reads its own project, and is
    refused when `project` is another one.

    Raises `Refused` that says what is missing. Nothing is asked yet.
    """
    return Lens(find_source(url, key, warehouse=warehouse, lake=lake, project=project, environ=environ))


def find_source(
    url: str | None = None,
    key: str | None = None,
    *,
    warehouse: str | Path | None = None,
    lake: str | Path | None = None,
    project: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Source:
    """Return the source of answers that the arguments of `connect` describe. Raises `Refused`, as `connect` does."""
    if sum(each is not None for each in (url or key, warehouse, lake)) > 1:
        raise Refused("Give either url and key, or warehouse, or lake.", code="connection_invalid")
    if lake is not None:
        return Lake(Path(lake).expanduser(), project or _settings(environ).query_project or None)
    if warehouse is not None:
        if "://" in str(warehouse):
            return Local(str(warehouse), lambda pool: _subject_of(pool, project), project_id=project)
        # The environment describes another home.
        return _local(_settings({HOME: str(warehouse)}), project)
    settings = _settings(environ)
    url = url or settings.query_url
    if not url:
        if key is not None:
            raise Refused("A key goes with the URL of a query API; give url as well.", code="connection_invalid")
        return _local(settings, project or settings.query_project)
    key = key or settings.query_key
    if not key:
        raise Refused(
            "The query API asks for a read key: give key='ID:SECRET' or set EVENTLENS_QUERY_KEY. "
            "`eventlens client create --project P --type read` makes one.",
            code="key_missing",
        )
    return Api(url, key, project)


def _settings(environ: Mapping[str, str]) -> Settings:
    known = dict(environ)
    load_env_file(known)
    return read_settings(known)


def _local(settings: Settings, project: str | None) -> Local:
    if not settings.home.is_dir():
        raise Refused(
            f"{settings.home} is not the home of an Event Lens: set EVENTLENS_HOME to one, or EVENTLENS_QUERY_URL and "
            "EVENTLENS_QUERY_KEY to ask a query API.",
            code="home_missing",
        )
    find = _registered(settings, project)
    return Local(
        lambda: warehouse_url(settings, "query", find().shard), lambda _: find(), database=tables_database(settings)
    )


def _registered(settings: Settings, project: str | None) -> Callable[[], ProjectScope]:
    def find() -> ProjectScope:
        with closing(open_registry(settings)) as registry:
            project_id = project or _only([each.project_id for each in list_projects(registry)])
            found = find_project(registry, project_id)
            return subject_of(found)

    return find


def _subject_of(pool: Pool, project: str | None) -> ProjectScope:
    with pool.lend() as warehouse:
        try:
            known = {row["project_id"]: row for row in warehouse.rows(PROJECTS)}
        except Refused as error:
            if error.code != ACCESS_DENIED:
                raise
            raise Refused(
                "The warehouse's user reads `lens` alone, enough for lens.sql(...) with connect(warehouse=..., "
                "project=...). Reports are asked of the query API: connect(url=..., key=...).",
                code="connection_invalid",
            ) from error
    project_id = project or _only(list(known))
    if project_id not in known:
        raise Refused(
            f"The warehouse has no project {project_id!r} that a build has read; it has {', '.join(known) or 'none'}.",
            code="project_unknown",
        )
    row = known[project_id]
    return ProjectScope(project_id, ZoneInfo(row["timezone"]), row["currency"])


def _only(projects: list[str]) -> str:
    if len(projects) != 1:
        told = f"there are {', '.join(projects)}" if projects else "there is none yet (`eventlens project create NAME`)"
        raise Refused(f"Say which project is asked about: {told}.", code="project_missing")
    return projects[0]
