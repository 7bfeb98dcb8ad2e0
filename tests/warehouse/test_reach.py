"""Nothing that SQL can call reaches a file, an address or a process: the guard refuses it, and the kernel does again.

`engine_functions.txt` lists every function, table function and table engine of the engine, and says which are open to
analysts. A new engine with a new one fails the first test: decide whether it only computes, then list it.
"""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from chdb_server.guard.functions import Functions
from chdb_server.guard.sandbox import TABLE_FUNCTIONS
from chdb_server.landlock import landlock_version
from event_lens.warehouse.access import read_access
from event_lens.warehouse.client import Warehouse
from tests.conftest import EmbeddedServer

pytestmark = pytest.mark.usefixtures("only_embedded")
LISTED = Path(__file__).with_name("engine_functions.txt")
OUTSIDE = ("/etc/passwd", "/etc/hostname", "/proc/self/environ", "/proc/self/maps", "/proc/1/cmdline", "/dev/shm")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(tmp_path_factory.mktemp("reach")).wait()
    yield server
    server.stop()


def inventory(warehouse: Warehouse) -> list[str]:
    """A line for everything that SQL can call, sorted."""
    rows = warehouse.rows(
        "SELECT lower(name) AS name, is_aggregate, lower(alias_to) AS alias, categories, origin FROM system.functions"
    )
    functions = Functions(
        [(row["name"], bool(row["is_aggregate"]), row["alias"], row["categories"], row["origin"]) for row in rows]
    )
    lines = {f"function {row['name']} {'open' if functions.is_harmless(row['name']) else 'refused'}" for row in rows}
    for row in warehouse.rows("SELECT lower(name) AS name FROM system.table_functions"):
        lines.add(f"table_function {row['name']} {'open' if row['name'] in TABLE_FUNCTIONS else 'refused'}")
    for row in warehouse.rows("SELECT name FROM system.table_engines"):
        lines.add(f"engine {row['name']} refused")
    return sorted(lines)


def listed(kind: str, openness: str) -> list[str]:
    lines = [line.split() for line in LISTED.read_text().splitlines()]
    return [name for found, name, is_open in lines if (found, is_open) == (kind, openness)]


def test_everything_that_sql_can_call_is_known(server: EmbeddedServer) -> None:
    with Warehouse(server.url) as warehouse:
        found = inventory(warehouse)
    known = LISTED.read_text().splitlines()
    assert {"new": sorted(set(found) - set(known)), "gone": sorted(set(known) - set(found))} == {"new": [], "gone": []}


@pytest.mark.parametrize("user", ["analyst"])
def test_the_guard_refuses_every_function_that_is_not_open(server: EmbeddedServer, user: str) -> None:
    names = listed("function", "refused")
    assert {"file", "filesystemavailable", "gethostbyaddr", "catboostevaluate", "getmacro"} & set(names)
    with httpx.Client(base_url=server.guarded_url, params={"user": user}, timeout=30) as client:
        for name in names:
            for arguments in ("", "'x'", "'x', 'y', 1"):
                answer = client.post("/", content=f"SELECT `{name}`({arguments})")
                assert answer.status_code != 200, (name, arguments, answer.text)


def test_the_guard_refuses_every_table_function_that_is_not_open(server: EmbeddedServer) -> None:
    names = listed("table_function", "refused")
    assert {"file", "url", "remote", "python", "executable", "s3", "sqlite", "mysql", "merge", "input"} <= set(names)
    with httpx.Client(base_url=server.guarded_url, params={"user": "analyst"}, timeout=30) as client:
        for name in names:
            for arguments in (
                "",
                "'x'",
                "'/etc/passwd', 'LineAsString', 'line String'",
                "'127.0.0.1', 'lens', 'events'",
            ):
                answer = client.post("/", content=f"SELECT * FROM {name}({arguments})")
                assert answer.status_code != 200, (name, arguments, answer.text)
        assert client.post("/", content="SELECT 1").text == "1\n"


def test_services_have_no_right_to_sources_outside(server: EmbeddedServer) -> None:
    """The query service reads tables; of table functions it may call those that make rows up."""
    url = read_access(server.home).url("query")
    harmless = {*TABLE_FUNCTIONS, "null", "generaterandom", "format", "loop", "zeros_mt", "input", "viewifpermitted"}
    with httpx.Client(base_url=url, timeout=30) as client:
        for name in listed("table_function", "refused"):
            if name in harmless:
                continue
            for arguments in (
                "'x'",
                "'/etc/passwd', 'LineAsString', 'line String'",
                "'http://127.0.0.1:1/', 'CSV', 'a Int8'",
            ):
                answer = client.post("/", content=f"SELECT * FROM {name}({arguments})")
                assert answer.status_code != 200, (name, arguments, answer.text)
        assert client.post("/", content="SELECT 1").text == "1\n"


@pytest.mark.skipif(not landlock_version(), reason="this kernel has no Landlock")
@pytest.mark.parametrize("path", OUTSIDE)
def test_the_kernel_keeps_even_the_admin_out_of_files_elsewhere(server: EmbeddedServer, path: str) -> None:
    answer = httpx.post(server.url, content=f"SELECT file('{path}')")
    assert answer.status_code != 200, answer.text
    assert "Permission denied" in answer.text or "CANNOT_OPEN_FILE" in answer.text or "errno: 13" in answer.text


@pytest.mark.skipif(not landlock_version(), reason="this kernel has no Landlock")
def test_the_kernel_keeps_the_server_out_of_the_rest_of_its_home(server: EmbeddedServer) -> None:
    for name in ("registry.db", "warehouse-access.json"):
        assert (server.home / name).exists()
        answer = httpx.post(server.url, content=f"SELECT file('{server.home / name}')")
        assert "Permission denied" in answer.text, answer.text


@pytest.mark.skipif(landlock_version() < 4, reason="this kernel's Landlock does not know ports")
def test_the_kernel_lets_the_server_connect_to_no_port(server: EmbeddedServer) -> None:
    answer = httpx.post(server.url, content=f"SELECT * FROM remote('127.0.0.1:{server.port}', system.one)", timeout=60)
    assert answer.status_code != 200
    assert "Permission denied" in answer.text or "ALL_CONNECTION_TRIES_FAILED" in answer.text, answer.text
