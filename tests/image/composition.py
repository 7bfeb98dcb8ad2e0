"""The services of `deploy/compose.yaml` that run our image, as compose itself would start them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.image.building import Image


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Text of compose with its variables filled in."""
    return re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda found: variables[found[1]], text)


def read_compose(file: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(filled(file.read_text(), variables))
    return read


@dataclass(frozen=True)
class Service:
    """One service as the file has it, over the image's own defaults."""

    name: str
    text: Mapping[str, Any]
    image: Image

    def command(self, *arguments: str) -> list[str]:
        """What its container runs; `arguments` take the place of the command, as `compose run` lets them."""
        entrypoint = self.text.get("entrypoint", self.image.entrypoint)
        own = self.text.get("command", [] if "entrypoint" in self.text else self.image.command)
        return [*entrypoint, *(arguments or own)]

    @property
    def environ(self) -> dict[str, str]:
        return {**self.image.environ, **self.text["environment"]}

    @property
    def health(self) -> list[str] | None:
        """The command of the health check, the image's own if the file has none; None if it is switched off."""
        own = self.text.get("healthcheck")
        if own is None:
            return self.image.health
        return None if own.get("disable") else list(own["test"][1:])

    @property
    def healthy_within(self) -> float:
        """The seconds after which compose takes a container that is not healthy for failed: three more checks."""
        own = self.text["healthcheck"]
        return float(own["start_period"].rstrip("s")) + 3 * float(own["interval"].rstrip("s"))

    @property
    def volumes(self) -> dict[str, str]:
        """The volume by the path in the container."""
        pairs = (volume.split(":") for volume in self.text["volumes"])
        return {path: name for name, path in pairs}

    @property
    def is_job(self) -> bool:
        return bool(self.text["restart"] == "no")

    @property
    def replicas(self) -> int:
        return int(self.text.get("deploy", {}).get("replicas", 1))

    @property
    def stop_within(self) -> float:
        return float(self.text["stop_grace_period"].rstrip("s"))

    @property
    def memory_limit(self) -> int:
        number, unit = self.text["mem_limit"][:-1], self.text["mem_limit"][-1]
        return int(number) * {"m": 1 << 20, "g": 1 << 30}[unit]


def services_in_order(compose: Mapping[str, Any], image: Image) -> list[Service]:
    """The services that are built from our image, each after those that it waits for."""
    ours = {name: text for name, text in compose["services"].items() if "build" in text}
    ordered: list[str] = []

    def add(name: str) -> None:
        for before in ours[name].get("depends_on", {}):
            if before in ours:
                add(before)
        if name not in ordered:
            ordered.append(name)

    for name in ours:
        add(name)
    return [Service(name, ours[name], image) for name in ordered]
