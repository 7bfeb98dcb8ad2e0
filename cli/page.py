"""Addresses that open the page signed in."""

from event_lens.clock import now_ms
from event_lens.data_dir import prepare_home
from event_lens.registry.database import open_registry
from event_lens.registry.projects import find_project
from event_lens.settings import Settings
from query.page.sign_in_tokens import create_token


def page_address(settings: Settings, project_id: str | None = None) -> str:
    """An address on this machine with a new token, which no server is sent before the page is open.

    Raises `Refused` for a project that is not there or a home that cannot be used.
    """
    home = prepare_home(settings.home)
    if project_id is not None:
        registry = open_registry(settings)
        try:
            find_project(registry, project_id)
        finally:
            registry.close()
    return f"{settings.local_url(settings.query_port)}/#token={create_token(home, project_id, now_ms())}"
