"""The address that the command line prints."""

import pytest

from cli.page import page_address
from cli.up import page_line
from event_lens.clock import now_ms
from event_lens.errors import Refused
from event_lens.registry.database import Registry
from event_lens.registry.projects import create_project
from event_lens.settings import Settings
from query.page.sign_in_tokens import redeem_token


def test_the_address_holds_a_token_that_the_home_knows(settings: Settings, registry: Registry) -> None:
    project = create_project(registry, "Shop")
    for project_id in (None, project.project_id):
        address, token = page_address(settings, project_id).split("/#token=")
        assert address == "http://127.0.0.1:3003"
        grant = redeem_token(settings.home, token, now_ms())
        assert grant is not None
        assert grant.project_id == project_id


def test_up_prints_an_address_that_signs_in(settings: Settings) -> None:
    token = page_line(settings).split("http://127.0.0.1:3003/#token=")[1].split()[0]
    assert redeem_token(settings.home, token, now_ms()) is not None


def test_a_project_that_is_not_there_is_refused(settings: Settings) -> None:
    with pytest.raises(Refused, match="eventlens project list"):
        page_address(settings, "nowhere")
