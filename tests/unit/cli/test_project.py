"""A setting that is declared at its column is an option of the commands and a field of what they print."""

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.project import project_app
from event_lens.registry.tables import PROJECT_SETTINGS
from event_lens.settings import Settings
from tests.unit.cli.test_definitions import answer

SETTINGS = PROJECT_SETTINGS.values()


def test_every_setting_is_printed_with_its_default(settings: Settings) -> None:
    printed = answer(settings, "project", "create", "shop")
    defaults = {each.field: each.default for each in SETTINGS}
    assert printed == defaults | {"projectId": printed["projectId"], "name": "shop", "shard": 1}


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("create", {each.name for each in SETTINGS}),
        ("change", {each.name for each in SETTINGS}),
        ("add-to", {each.name for each in SETTINGS if each.is_list}),
        ("remove-from", {each.name for each in SETTINGS if each.is_list}),
    ],
)
def test_a_command_takes_every_setting_that_it_can_change(command: str, options: set[str]) -> None:
    group = get_command(project_app)
    assert isinstance(group, TyperGroup)
    assert options <= {parameter.name for parameter in group.commands[command].params}
