"""`docs/settings.md` and `.env.example`, written from the list of settings."""

from event_lens.settings import SETTINGS


def settings_page() -> str:
    """The text of `docs/settings.md`."""
    rows = "\n".join(f"| `{s.name}` | {f'`{s.default}`' if s.default else 'empty'} | {s.help} |" for s in SETTINGS)
    return (
        "# Settings\n\n"
        "Environment variables, read once when a process starts. This page is written from `event_lens/settings.py`\n"
        "by `python -m docs.generate`. A misspelt name is refused at start.\n\n"
        "Or lines in a file `.env` beside the home: `EVENTLENS_COLLECTOR_PORT=4002`, quotes as in a shell. What the\n"
        "environment says wins, other programs' names are passed over, and a line that cannot be read is refused by\n"
        "its number.\n\n"
        f"| name | default | what it does |\n| --- | --- | --- |\n{rows}\n"
    )


def env_example() -> str:
    """The text of `.env.example`."""
    return "".join(f"# {setting.help}\n#{setting.name}={setting.default}\n" for setting in SETTINGS)
