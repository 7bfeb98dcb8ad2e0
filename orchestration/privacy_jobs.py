"""Dagster's privacy jobs: `expire` drops old days, and `erase_person` erases a person. Each has a typed form."""

import subprocess
import sys

import dagster as dg

from event_lens.errors import Broken, Unavailable
from event_lens.settings import Settings
from orchestration.expiry import expire, projects_to_expire
from orchestration.forgotten_form import forget_form

EXPIRE = "expire"
DROP = "drop_old_days"


class ExpireForm(dg.Config):
    """The project (empty: all), and whether the job only reports what it would drop."""

    project: str = ""
    dry_run: bool = True


class EraseForm(dg.Config):
    """The person to erase: a project, and one of the two ids."""

    project: str
    profile: str = ""
    device: str = ""


def privacy_jobs(settings: Settings) -> list[dg.JobDefinition]:
    """Return the jobs `expire` and `erase_person`. After an erasure, the form's values are removed from Dagster's
    own database.
    """

    @dg.op(name=DROP)
    def drop_old_days(context: dg.OpExecutionContext, config: ExpireForm) -> None:
        left = []
        for project in [config.project] if config.project else projects_to_expire(settings):
            try:
                (expired,) = expire(settings, project, is_dry_run=config.dry_run)
            except Unavailable as error:
                # One project's unbuilt days must not block the other projects.
                context.log.error("%s: %s", project, error.message)
                left.append(project)
                continue
            for going in expired.going:
                context.log.info(
                    "%s: %d rows of %s, %s to %s, %s",
                    expired.project_id,
                    going.row_count,
                    going.table,
                    going.first_day,
                    going.last_day,
                    "would go" if config.dry_run else "are gone",
                )
        if left:
            raise Unavailable(f"Nothing went of {', '.join(left)}; the lines above say why.", code="days_unbuilt")

    @dg.op(name="erase")
    def erase(context: dg.OpExecutionContext, config: EraseForm) -> None:
        kind, subject = ("--profile", config.profile) if config.profile else ("--device", config.device)
        # A process of its own, as at the shell: otherwise its build would change this process's environment.
        command = [sys.executable, "-m", "cli.main", "erase", config.project, kind, "-", "--json"]
        try:
            done = subprocess.run(command, input=f"{subject}\n", capture_output=True, text=True, check=False)
        finally:
            forget_form(context.instance, context.run_id)
        if done.returncode:
            raise Broken(done.stderr.strip() or "The erasure was stopped; start it again.", code="erasure_failed")
        context.log.info("%s", done.stdout)

    @dg.job(name=EXPIRE, description="Drops what projects keep for a number of days only; a dry run says what.")
    def expire_job() -> None:
        drop_old_days()

    @dg.job(name="erase_person", description="Erases a profile or a device everywhere, and gives a receipt.")
    def erase_job() -> None:
        erase()

    return [expire_job, erase_job]
