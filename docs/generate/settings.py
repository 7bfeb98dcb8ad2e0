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
        "Settings are environment variables, which a process reads once when it starts. A misspelt name is refused at\n"
        "the start. This page is written from `event_lens/settings.py` by `python -m docs.generate`.\n\n"
        "You can also write settings to a file `.env` next to the home, one per line, with quotes as in a shell:\n"
        "`EVENTLENS_COLLECTOR_PORT=4002`. A variable of the environment wins over the file. Names of other programs\n"
        "are ignored. For a line that cannot be read, the program refuses to start and gives the line's number.\n\n"
        f"| name | default | what it does |\n| --- | --- | --- |\n{rows}\n\n"
        "## Settings of a project\n\n"
        "`eventlens project create` and `change` take these options, and `add-to` and `remove-from` take the lists.\n\n"
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
