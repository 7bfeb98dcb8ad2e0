"""The pods of `deploy/kubernetes`: each container with its command, settings, probes, and volumes as a kubelet makes
them.
"""

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from tests.deploy.test_files import manifests, pods
from tests.image.building import Image
from tests.image.container import STOPPED, Box, Container
from tests.image.network import Network
from tests.image.steps import say, step, wait_until

START_SECONDS = 240
# What the kubelet gives a new folder of a pod, and a new disk; then the group of the pod may write, too.
MODES = {"emptyDir": 0o2777, "disk": 0o2775}


class Pods:
    """All pods over the databases that there are already; `settings` are those of the secret."""

    def __init__(
        self, stack: ExitStack, image: Image, folder: Path, network: Network, settings: Mapping[str, str]
    ) -> None:
        self._stack, self._image, self._folder, self._network = stack, image, folder, network
        (config,) = manifests("ConfigMap")
        self._environ = {**image.environ, **config["data"], **settings}

    def run(self) -> None:
        """Start one pod of each kind, ask its probes, and stop it; the job comes first."""
        named = pods()
        for name in sorted(named, key=lambda name: name != "migrate"):
            pod = named[name]
            namespace, address = self._network.add(f"pod-{name}")
            with ExitStack() as own:
                boxes = dict(self._boxes(name, pod, namespace, own))
                containers = [
                    (text, self._start(f"pod-{name}-{text['name']}", boxes[text["name"]], text))
                    for text in pod["containers"]
                ]
                for _, container in containers:
                    own.callback(container.kill)
                if pod.get("restartPolicy"):
                    self._finish(name, containers)
                else:
                    self._probe(name, containers, address)
                    self._end(containers, pod["terminationGracePeriodSeconds"])

    def _boxes(self, name: str, pod: Mapping[str, Any], namespace: str, stack: ExitStack) -> Iterator[tuple[str, Box]]:
        volumes = {volume["name"]: self._volume(f"{name}-{volume['name']}", "emptyDir") for volume in pod["volumes"]}
        shut = pod["securityContext"]
        beside = self._pause(name, namespace, stack) if pod.get("shareProcessNamespace") else None
        for container in pod["containers"]:
            mounts = {
                mount["mountPath"]: volumes.get(mount["name"]) or self._volume(f"{name}-{mount['name']}", "disk")
                for mount in container["volumeMounts"]
            }
            yield (
                container["name"],
                Box(
                    root=self._image.root,
                    environ=self._environ,
                    workdir=self._image.workdir,
                    user=f"{shut['runAsUser']}:{shut['runAsGroup']}",
                    is_read_only=container["securityContext"]["readOnlyRootFilesystem"],
                    mounts=mounts,
                    files={"/etc/hosts": self._network.hosts},
                    hostname=f"{name}-0",
                    network=namespace,
                    beside=beside,
                ),
            )

    def _pause(self, name: str, namespace: str, stack: ExitStack) -> int:
        """The first process of a pod whose containers share their PIDs."""
        box = Box(self._image.root, self._image.environ, is_read_only=True, has_init=True, network=namespace)
        pause = Container(f"{name}-pause", box, ["sleep", "infinity"], self._folder / f"pod-{name}-pause.log")
        stack.callback(pause.kill)
        wait_until(lambda: pause.first is not None, 10, pause.end_of_log)
        return pause.first or 0

    def _volume(self, name: str, kind: str) -> Path:
        folder = self._folder / "pods" / name
        if not folder.exists():
            folder.mkdir(parents=True)
            os.chown(folder, 0, 10001)
            folder.chmod(MODES[kind])
        return folder

    def _start(self, name: str, box: Box, text: Mapping[str, Any]) -> Container:
        command = [*text.get("command", self._image.entrypoint), *text.get("args", [])]
        say(f"          {name}: {shlex.join(command)}")
        return Container(name, box, command, self._folder / f"{name}.log")

    def _finish(self, name: str, containers: list[tuple[Mapping[str, Any], Container]]) -> None:
        with step(f"the job {name} ends well"):
            for _, container in containers:
                if container.wait(120):
                    raise RuntimeError(container.end_of_log())

    def _probe(self, name: str, containers: list[tuple[Mapping[str, Any], Container]], address: str) -> None:
        for text, container in containers:
            ports = {port["name"]: port["containerPort"] for port in text.get("ports", [])}
            probes = [
                text[key]["httpGet"] for key in ("startupProbe", "readinessProbe", "livenessProbe") if key in text
            ]
            for probe in probes:
                url = f"http://{address}:{ports[probe['port']]}{probe['path']}"
                headers = {header["name"]: header["value"] for header in probe.get("httpHeaders", [])}
                with step(f"pod {name}: {container.name} answers its probe {probe['path']}"):
                    self._wait(container, url, headers)

    def _wait(self, container: Container, url: str, headers: Mapping[str, str]) -> None:
        def is_answered() -> bool:
            if not container.is_running():
                raise RuntimeError(f"{container.name} has ended.\n{container.end_of_log()}")
            try:
                return httpx.get(url, headers=headers, timeout=4).status_code < 400
            except httpx.TransportError:
                return False

        wait_until(is_answered, START_SECONDS, container.end_of_log)

    def _end(self, containers: list[tuple[Mapping[str, Any], Container]], within: float) -> None:
        for _, container in containers:
            if not container.is_running():
                raise RuntimeError(f"{container.name} has ended.\n{container.end_of_log()}")
        for _, container in reversed(containers):
            seconds, code = container.stop(within)
            if code not in STOPPED:
                raise RuntimeError(f"{container.name} ended with {code} when it was stopped.\n{container.end_of_log()}")
            say(f"{seconds:6.1f} s  {container.name} has stopped ({code})")
