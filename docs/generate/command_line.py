"""`docs/command-line.md`, written from the commands' own help."""

from collections.abc import Iterator

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from cli.main import app

_INTRODUCTION = """# The command line

Every command shows the same text with `--help`. A command that is refused says why on standard error and exits with 1.
A command line that cannot be parsed exits with 2.
"""


def command_line_page() -> str:
    """Return the text of the page: a heading for each command, with its arguments and options."""
    return _INTRODUCTION + "".join(_sections(get_command(app), "eventlens"))


def _sections(command: object, name: str) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        for below in command.commands.values():
            if not below.hidden:
                yield from _sections(below, f"{name} {below.name}")
        return
    if not isinstance(command, TyperCommand):
        return
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    arguments = [parameter for parameter in shown if isinstance(parameter, TyperArgument)]
    options = [parameter for parameter in shown if isinstance(parameter, TyperOption) and parameter.name != "help"]
    usage = " ".join([name, *map(_usage, arguments), *(["[OPTIONS]"] if options else [])])
    yield f"\n## {name}\n\n{_text(command.help)}\n\n```\n{usage}\n```\n"
    if options:
        rows = "".join(f"| {_names(option)} | {_default(option)} | {_text(option.help)} |\n" for option in options)
        yield f"\n| option | default | what it does |\n| --- | --- | --- |\n{rows}"


def _usage(argument: TyperArgument) -> str:
    name = f"{(argument.name or '').upper()}{'...' if argument.nargs != 1 else ''}"
    return name if argument.required else f"[{name}]"


def _names(option: TyperOption) -> str:
    return ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))


def _default(option: TyperOption) -> str:
    if option.required:
        return "required"
    return "" if option.default in (None, (), [], False, "") or callable(option.default) else f"`{option.default}`"


def _text(help_text: str | None) -> str:
    return " ".join((help_text or "").split()).replace("|", "\\|")
