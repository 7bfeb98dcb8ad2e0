"""The address that opens the page and signs in."""

from event_lens.clock import now_ms
from event_lens.data_dir import prepare_home
from event_lens.settings import Settings
from query.page.sign_in_tokens import create_token


def sign_in_address(settings: Settings, project_id: str | None = None) -> str:
    """Return an address on this machine with a new token. No server gets the token before the page is open. Raises
    `Refused` for an unusable home.
    """
    token = create_token(prepare_home(settings.home), project_id, now_ms())
    return f"{settings.local_url(settings.query_port)}/#token={token}"
