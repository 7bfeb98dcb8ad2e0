"""Addresses that open the page signed in."""

from cli.sign_in import sign_in_address
from event_lens.registry.database import open_registry
from event_lens.registry.projects import find_project
from event_lens.settings import Settings


def page_address(settings: Settings, project_id: str | None = None) -> str:
    """Return an address on this machine that signs in, to one project if it is named.

    Raises `Refused` for a project that is not there or a home that cannot be used.
    """
    if project_id is not None:
        registry = open_registry(settings)
        try:
            find_project(registry, project_id)
        finally:
            registry.close()
    return sign_in_address(settings, project_id)
