"""Addresses that open the page and sign in."""

from cli.sign_in import sign_in_address
from event_lens.registry.database import open_registry
from event_lens.registry.projects import find_project
from event_lens.settings import Settings


def page_address(settings: Settings, project_id: str | None = None) -> str:
    """Return an address on this machine that signs in to `project_id`, or to all projects if none is named. Raises
    `Refused` for an unknown project or an unusable home.
    """
    if project_id is not None:
        registry = open_registry(settings)
        try:
            find_project(registry, project_id)
        finally:
            registry.close()
    return sign_in_address(settings, project_id)
