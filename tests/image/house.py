"""Everything that `deploy/compose.yaml` starts, beside one another, up to a number that comes out through the proxy."""

import json
import os
import secrets
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from tests.deploy.front import DEPLOY, NAME, Certificate, make_certificate, visitor
from tests.image.building import Image
from tests.image.composition import Service, read_compose, services_in_order
from tests.image.container import STOPPED, Box, Container
from tests.image.databases import serve_postgres, serve_warehouse
from tests.image.network import Network
from tests.image.pods import Pods
from tests.image.proxy import serve_caddy
from tests.image.steps import say, step, wait_until

EVENTS = 7
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


class House:
    """The containers, their network and their volumes."""

    def __init__(self, stack: ExitStack, image: Image, folder: Path) -> None:
        self._stack, self._image, self._folder = stack, image, folder
        self._password = secrets.token_hex(16)
        secret = ("DAGSTER_PASSWORD", "CLICKHOUSE_PASSWORD", "POSTGRES_PASSWORD")
        variables = dict.fromkeys(secret, self._password)
        self._compose = read_compose(DEPLOY / "compose.yaml", {"LENS_SITE": NAME, **variables})
        self._services = {service.name: service for service in services_in_order(self._compose, image)}
        (subnet,) = self._compose["networks"]["inside"]["ipam"]["config"]
        self._network = Network(subnet["subnet"], folder / "hosts")
        stack.callback(self._network.remove)
        self._warehouse_user = ""
        self._containers: list[tuple[Service, Container]] = []

    def run(self) -> None:
        """Start all, use it, and stop it."""
        self._start_databases()
        # All addresses are known before the first one starts.
        places = {
            f"{service.name}-{number}": self._join(service.name, f"{service.name}-{number}")
            for service in self._services.values()
            for number in range(1, service.replicas + 1)
        }
        caddy = self._compose["services"]["caddy"]
        place = self._network.add("caddy", caddy["networks"]["inside"]["ipv4_address"])
        for service in self._services.values():
            self._start(service, places)
        certificate = make_certificate(self._folder)
        with step("caddy: Debian's, with deploy/Caddyfile"):
            serve_caddy(self._stack, self._folder, place, self._network.hosts, certificate, caddy["environment"])
        self._use(certificate, place[1], places["query-1"])
        self._stop()
        self._run_pods()

    def _run_pods(self) -> None:
        """Run deploy/kubernetes over the same databases, with the secret that its comment asks for."""
        for name in ("clickhouse.databases", "postgres.databases"):
            self._network.name(name, self._network.gateway)
        settings = {
            "EVENTLENS_WAREHOUSE_URL": f"http://{self._warehouse_user}@clickhouse.databases:8123",
            "EVENTLENS_REGISTRY_URL": "postgresql://eventlens:any@postgres.databases/eventlens",
            "EVENTLENS_DAGSTER_PASSWORD": self._password,
        }
        Pods(self._stack, self._image, self._folder, self._network, settings).run()

    def _start_databases(self) -> None:
        for name in ("clickhouse", "postgres"):
            self._network.name(name, self._network.gateway)
        with step("postgres: Debian's"):
            serve_postgres(self._stack, self._network.gateway)
        with step("clickhouse: the embedded warehouse out of the image"):
            home = self._volume("clickhouse")
            self._warehouse_user = serve_warehouse(self._stack, self._network.gateway, self._image, home)

    def _join(self, service: str, container: str) -> str:
        namespace, address = self._network.add(container)
        self._network.name(service, address)
        return namespace

    def _volume(self, name: str) -> Path:
        """A volume that is new, so it has what the image has at its place: an empty folder with its owner."""
        folder = self._folder / "volumes" / name
        if not folder.exists():
            folder.mkdir(parents=True)
            of_image = (self._image.root / "data").stat()
            folder.chmod(of_image.st_mode & 0o7777)
            os.chown(folder, of_image.st_uid, of_image.st_gid)
        return folder

    def _box(self, service: Service, hostname: str, namespace: str) -> Box:
        text = service.text
        return Box(
            root=self._image.root,
            environ={name: self._admitted(value) for name, value in service.environ.items()},
            workdir=self._image.workdir,
            user=text.get("user", self._image.user),
            is_read_only=text["read_only"],
            has_init=text["init"],
            tmpfs=text["tmpfs"],
            mounts={path: self._volume(name) for path, name in service.volumes.items()},
            files={"/etc/hosts": self._network.hosts},
            hostname=hostname,
            network=namespace,
            open_files=text.get("ulimits", {}).get("nofile"),
        )

    def _admitted(self, value: str) -> str:
        """Settings as they are, but for the user of the warehouse: the stand-in has its own."""
        return value.replace(f"eventlens:{self._password}@clickhouse", f"{self._warehouse_user}@clickhouse")

    def _start(self, service: Service, places: dict[str, str]) -> None:
        for number in range(1, service.replicas + 1):
            name = f"{service.name}-{number}"
            box = self._box(service, name, places[name])
            with step(f"{name}: {' '.join(service.command())}"):
                container = Container(name, box, service.command(), self._folder / f"{name}.log")
                self._stack.callback(container.kill)
                if service.is_job:
                    if container.wait(120):
                        raise RuntimeError(container.end_of_log())
                    continue
                self._containers.append((service, container))
                if service.health:
                    self._wait_until_healthy(service, container)

    def _wait_until_healthy(self, service: Service, container: Container) -> None:
        def is_healthy() -> bool:
            if not container.is_running():
                raise RuntimeError(f"{container.name} has ended.\n{container.end_of_log()}")
            return container.succeeds(service.health or [])

        wait_until(is_healthy, service.healthy_within, container.end_of_log)

    def _command(self, namespace: str, *arguments: str) -> Any:
        """What `docker compose run --rm query ... --json` prints."""
        service = self._services["query"]
        printed = self._box(service, "run", namespace).run(service.command(*arguments, "--json"))
        return json.loads(printed)

    def _use(self, certificate: Certificate, address: str, namespace: str) -> None:
        with step("query: project create, client create (compose run)"):
            project = self._command(namespace, "project", "create", "My site", "--domain", "example.com")["projectId"]
            create = ("client", "create", "--project", project, "--type")
            write = self._command(namespace, *create, "write", "--origin", "https://example.com")
            read = self._command(namespace, *create, "read")
        reader = {"openpanel-client-id": read["clientId"], "openpanel-client-secret": read["clientSecret"]}
        with visitor(certificate, 443, self._network.gateway, address) as client:
            with step(f"{EVENTS} page views through the proxy"):
                for number in range(EVENTS):
                    self._send(client, write["clientId"], number)
            with step(f"the number {EVENTS} comes out at /api/v1/analytics, built by Dagster"):
                path = f"/api/v1/analytics/insights/{project}/metrics"
                wait_until(
                    lambda: self._views(client, path, reader) == EVENTS, 240, lambda: self._logs("dagster-code-1")
                )
            with step("the paths of the proxy lead to their parts"):
                self._try_paths(client, project, reader)
        with step("query: build (compose run)"):
            service = self._services["query"]
            self._box(service, "run", namespace).run(service.command("build"))

    def _send(self, client: httpx.Client, id: str, number: int) -> None:
        sent = {
            "type": "track",
            "payload": {"name": "screen_view", "properties": {"__path": f"https://example.com/{number}"}},
        }
        headers = {"openpanel-client-id": id, "origin": "https://example.com", "user-agent": BROWSER}
        answer = client.post("/track", json=sent, headers=headers)
        if answer.status_code != 200:
            raise RuntimeError(answer.text)

    def _views(self, client: httpx.Client, path: str, reader: dict[str, str]) -> int:
        answer = client.get(path, params={"range": "today"}, headers=reader)
        if answer.status_code != 200:
            raise RuntimeError(answer.text)
        return int(answer.json()["data"]["total_screen_views"])

    def _try_paths(self, client: httpx.Client, project: str, reader: dict[str, str]) -> None:
        login = httpx.BasicAuth("anyone", self._password)
        wanted: list[tuple[str, int, dict[str, Any]]] = [
            ("/", 200, {}),
            ("/op1.js", 200, {}),
            ("/track/device-id", 401, {}),
            (f"/insights/{project}/metrics", 200, {"headers": reader}),
            (f"/insights/{project}/metrics", 401, {}),
            ("/manage/projects", 401, {}),
            ("/dagster", 301, {}),
            ("/dagster/server_info", 200, {}),
            ("/dagster/runs", 401, {}),
            ("/dagster/runs", 200, {"auth": login}),
            ("/metrics", 404, {}),
        ]
        for path, status, options in wanted:
            answer = client.get(path, **options)
            if answer.status_code != status:
                raise RuntimeError(f"{path} is answered with {answer.status_code}, not {status}: {answer.text[:300]}")

    def _logs(self, name: str) -> str:
        return next(container.end_of_log() for _, container in self._containers if container.name == name)

    def _stop(self) -> None:
        for service, container in self._containers:
            used, limit = container.memory() >> 20, service.memory_limit >> 20
            say(f"          {container.name}: {used} MB of {limit} MB")
        for service, container in reversed(self._containers):
            seconds, code = container.stop(service.stop_within)
            if code not in STOPPED:
                raise RuntimeError(f"{container.name} ended with {code} when it was stopped.\n{container.end_of_log()}")
            say(f"{seconds:6.1f} s  {container.name} has stopped ({code})")
