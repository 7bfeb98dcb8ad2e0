"""Settings of a project. Each is declared once, at its column in `tables.py`.

The registry, the command line, the answers in JSON, the copy that models read and the docs follow from that.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import MappedColumn, mapped_column

from event_lens.registry.setting_values import refused

MAX_LIST = 1_000


class Changes(Enum):
    """The effect of a changed setting on a project that has events."""

    LABEL = "only what is shown"
    NEW_EVENTS = "events that arrive from then on, within seconds"
    ALL_DAYS = "the numbers of all days: the next build rebuilds them"


@dataclass(frozen=True)
class ProjectSetting:
    """A setting: its name in Python, its default, its description, and the check that returns a value in canonical
    form.

    The type is the default's. `check` takes one value, or each value of a list; `check_list` takes the whole list.
    """

    name: str
    default: bool | int | str | list[str]
    help: str
    changes: Changes
    option: str = ""
    older_option: str = ""
    check: Callable[[Any], Any] | None = None
    check_list: Callable[[list[str]], list[str]] | None = None

    @property
    def type(self) -> type:
        return type(self.default)

    @property
    def is_list(self) -> bool:
        return self.type is list

    @property
    def is_copied(self) -> bool:
        """Return whether the warehouse holds a copy, as it does of settings that models read or readers see."""
        return self.changes is not Changes.NEW_EVENTS

    @property
    def field(self) -> str:
        """Return the setting's name in JSON: `honourGpc` for `honour_gpc`."""
        first, *others = self.name.split("_")
        return first + "".join(word.capitalize() for word in others)

    @property
    def flags(self) -> tuple[str, ...]:
        """Return the command line's option and its older names; for a switch the option that sets it and the one that
        unsets it.
        """
        flag = self.option or f"--{self.name.replace('_', '-')}"
        return (f"{flag}/--no-{flag.removeprefix('--')}",) if self.type is bool else (flag, *self.older_option.split())

    def normal(self, value: object) -> Any:
        """Return the value in canonical form; of a list each value once, in the given order. Raises `Refused`."""
        if isinstance(self.default, list):
            return self._normal_list(value)
        if type(value) is not self.type:
            kind = {bool: "true or false", int: "a whole number", str: "a text"}[self.type]
            raise refused(f"{self.name} is {kind}.")
        return self.check(value) if self.check else value

    def _normal_list(self, value: object) -> list[str]:
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise refused(f"{self.name} is a list.")
        texts = [str(each) for each in value]
        normal = list(dict.fromkeys(self.check(text) if self.check else text for text in texts))
        if len(normal) > MAX_LIST:
            raise refused(f"{self.name} holds up to {MAX_LIST} values.")
        return self.check_list(normal) if self.check_list else normal


def setting(
    default: bool | int | str | list[str],
    help: str,
    changes: Changes,
    *,
    option: str = "",
    older_option: str = "",
    check: Callable[[Any], Any] | None = None,
    check_list: Callable[[list[str]], list[str]] | None = None,
) -> MappedColumn[Any]:
    """Declare a setting at its column."""
    declared = {"setting": ProjectSetting("", default, help, changes, option, older_option, check, check_list)}
    if isinstance(default, list):
        return mapped_column(default_factory=lambda: list(default), info=declared)
    return mapped_column(default=default, info=declared)


def declared_settings(table: Table) -> dict[str, ProjectSetting]:
    """Return the settings that a table's columns declare, in their order."""
    return {
        column.key: replace(column.info["setting"], name=column.key)
        for column in table.columns
        if "setting" in column.info
    }
