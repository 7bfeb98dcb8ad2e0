"""Settings from a file: `.env` next to the home, or the file that EVENTLENS_ENV_FILE names."""

from collections.abc import MutableMapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from event_lens.errors import Refused
from event_lens.settings import ENV_FILE, HOME, PREFIX, home_of


def load_env_file(environ: MutableMapping[str, str]) -> None:
    """Add the settings of the file to `environ`, where they are not set already; other names in the file are ignored.
    The home is the one in `environ`; the file may name another home. Raises `Refused` (`env_file_invalid`) with the
    line's number.
    """
    named = environ.get(ENV_FILE, "").strip()
    path = Path(named).expanduser() if named else home_of(environ).parent / ".env"
    if not named and not path.exists():
        return
    for name, value in _read(path).items():
        if not environ.get(name):
            # A relative folder in the file is relative to the file, wherever the process was started.
            environ[name] = str(path.absolute().parent / Path(value).expanduser()) if name == HOME else value


def _read(path: Path) -> dict[str, str]:
    settings = {}
    try:
        with path.open(encoding="utf-8") as file:
            for binding in parse_stream(file):
                if binding.error or (binding.key is not None and binding.value is None):
                    raise _invalid(path, f"line {_line(binding)} is not NAME=value")
                if binding.key is not None and binding.key.startswith(PREFIX):
                    settings[binding.key] = binding.value or ""
    except OSError as error:
        raise _invalid(path, f"it cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise _invalid(path, "it is not text in UTF-8") from error
    return settings


def _line(binding: Binding) -> int:
    """Return the number of the line on which a binding begins; dotenv counts the empty lines before a binding as part
    of it.
    """
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _invalid(path: Path, reason: str) -> Refused:
    return Refused(f"The settings in {path}: {reason}. docs/settings.md lists the names.", code="env_file_invalid")
