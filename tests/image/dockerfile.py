"""A Dockerfile as its stages and their instructions; of the language only the words that ours uses."""

import json
import re
from dataclasses import dataclass, field
from typing import NamedTuple

WORDS = {
    *("FROM", "RUN", "COPY", "ENV", "USER", "WORKDIR", "VOLUME"),
    *("LABEL", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"),
}


class Instruction(NamedTuple):
    """A word and the text behind it, on one line."""

    word: str
    text: str

    def flags(self) -> dict[str, str]:
        """What is given as --name=value before the rest."""
        return dict(re.findall(r"(?:^|(?<=\s))--([\w-]+)=(\S+)", self.text))

    def rest(self) -> str:
        return re.sub(r"^(--[\w-]+=\S+\s+)*", "", self.text)

    def command(self) -> list[str]:
        """The command of ENTRYPOINT, CMD or HEALTHCHECK, which is a JSON list in ours."""
        command: list[str] = json.loads(self.rest().removeprefix("CMD").strip())
        return command

    def pairs(self) -> list[tuple[str, str]]:
        return [(name, value.strip('"')) for name, value in re.findall(r"(\S+?)=(\"[^\"]*\"|\S+)", self.text)]


@dataclass
class Stage:
    """What follows a FROM, up to the next."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def last(self, word: str) -> Instruction:
        return next(found for found in reversed(self.instructions) if found.word == word)


def read_stages(text: str) -> list[Stage]:
    """Read a Dockerfile. Raises ValueError for a word that we do not know how to carry out."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    stages: list[Stage] = []
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        word, _, rest = line.partition(" ")
        if word not in WORDS:
            raise ValueError(f"{word} is not a word of a Dockerfile that is carried out here: {line}")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base, name))
        else:
            stages[-1].instructions.append(Instruction(word, rest.strip()))
    return stages


class Ignored:
    """The patterns of a .dockerignore: of those that match, the last one counts."""

    def __init__(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        self._patterns = [(not line.startswith("!"), _pattern(line.removeprefix("!"))) for line in lines]

    def has(self, path: str) -> bool:
        """Whether the path, or a folder that it is in, is left out."""
        matching = [is_out for is_out, pattern in self._patterns if pattern.fullmatch(path)]
        return bool(matching) and matching[-1]


def _pattern(text: str) -> re.Pattern[str]:
    parts = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    found = re.split(r"(\*\*/|\*\*|\*|\?)", text.strip("/"))
    return re.compile("".join(parts.get(part, re.escape(part)) for part in found) + "(/.*)?")
