"""Deletes projects when a root key has requested it: a sensor finds the projects, and a job deletes each like the shell
command.
"""

import subprocess
import sys
from contextlib import closing

import dagster as dg

from event_lens.errors import Broken, Refused
from event_lens.registry.database import open_registry
from event_lens.registry.projects import closed_projects, find_project
from event_lens.settings import Settings
from orchestration.planning.runs import ERRORS_IN_TERMINAL, UNFINISHED

DELETE = "delete_project"
# A deletion that failed, or was stopped at the shell, is begun again after this time.
SECONDS_BETWEEN_LOOKS = 60


class DeleteForm(dg.Config):
    """The project to delete. Its keys were revoked when its deletion was requested."""

    project: str


def deletion_job(settings: Settings) -> dg.JobDefinition:
    """Return the job `delete_project`, which accepts only closed projects: closing one required its name as a
    confirmation.
    """

    @dg.op(name="delete")
    def delete(context: dg.OpExecutionContext, config: DeleteForm) -> None:
        with closing(open_registry(settings)) as registry:
            project = find_project(registry, config.project)
        if project.deletion_asked_at is None:
            raise Refused(
                f"Nobody asked for {config.project} to be deleted. `eventlens project delete` does, and so does a root "
                "key, and both must write its name.",
                code="project_not_confirmed",
            )
        # A process of its own, as at the shell: it waits for builds by locks that this one may hold.
        command = [sys.executable, "-m", "cli.main", "project", "delete", project.project_id, f"--name={project.name}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Broken(done.stderr.strip() or "The deletion was stopped; it is begun again.", code="deletion_failed")
        context.log.info("%s", done.stdout)

    @dg.job(name=DELETE, description="Deletes a project with everything that was sent to it, when a root key asked.")
    def delete_job() -> None:
        delete()

    return delete_job


def deletion_sensor(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        job_name=DELETE,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Deletes the projects that a root key asked to delete: tries every minute until they are gone.",
    )
    def delete_asked_projects(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if context.instance.get_runs(dg.RunsFilter(job_name=DELETE, statuses=UNFINISHED), limit=1):
            return dg.SkipReason("A deletion is under way.")
        with closing(open_registry(settings)) as registry:
            forms = [
                {"ops": {"delete": {"config": {"project": project.project_id}}}}
                for project in closed_projects(registry)
            ]
        if not forms:
            return dg.SkipReason("No project is to be deleted.")
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_config={**form, **ERRORS_IN_TERMINAL}) for form in forms]
        )

    return delete_asked_projects
