"""`docs/settings.md` and `.env.example`, written from the lists of settings."""

import json

from event_lens.registry.project_settings import ProjectSetting
from event_lens.registry.tables import PROJECT_SETTINGS
from event_lens.settings import SETTINGS


def settings_page() -> str:
    """Return the text of the page: a table of environment variables, and one of a project's settings."""
    rows = "\n".join(f"| `{s.name}` | {f'`{s.default}`' if s.default else 'empty'} | {s.help} |" for s in SETTINGS)
    return (
        "# Settings\n\n"
        "Environment variables, read once when a process starts. This page is written from `event_lens/settings.py`\n"
        "by `python -m docs.generate`. A misspelt name is refused at start.\n\n"
        "Or lines in a file `.env` beside the home: `EVENTLENS_COLLECTOR_PORT=4002`, quotes as in a shell. What the\n"
        "environment says wins, other programs' names are passed over, and a line that cannot be read is refused by\n"
        "its number.\n\n"
        f"| name | default | what it does |\n| --- | --- | --- |\n{rows}\n\n"
        "## Settings of a project\n\n"
        "`eventlens project create` and `change` take them, lists also `add-to` and `remove-from`.\n\n"
        "| name | option | default | what it does | what a change reaches |\n| --- | --- | --- | --- | --- |\n"
        + "".join(map(_project_row, PROJECT_SETTINGS.values()))
    )


def _project_row(setting: ProjectSetting) -> str:
    default = f"`{json.dumps(setting.default)}`" if setting.default != "" else "empty"
    flags = ", ".join(f"`{flag}`" for flags in setting.flags for flag in flags.split("/"))
    return f"| `{setting.field}` | {flags} | {default} | {setting.help} | {setting.changes.value} |\n"


def env_example() -> str:
    """Return the text of `.env.example`: every setting with its help and default, commented out."""
    return "".join(f"# {setting.help}\n#{setting.name}={setting.default}\n" for setting in SETTINGS)
