"""The embedded warehouse as a process: one owner of a folder, survives SIGKILL, stops cleanly, stays small."""

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import httpx
import pytest

from event_lens.data_dir import prepare_home
from event_lens.errors import Unavailable
from event_lens.warehouse.access import read_access
from event_lens.warehouse.client import Warehouse
from tests.conftest import EmbeddedServer
from tests.ports import free_port
from tests.warehouse.running import wait_for_statement

Start = Callable[[Path], EmbeddedServer]

PORTS = ("EVENTLENS_WAREHOUSE_PORT", "EVENTLENS_WAREHOUSE_NATIVE_PORT")

pytestmark = pytest.mark.usefixtures("only_embedded")


@pytest.fixture
def server(start_embedded: Start, tmp_path: Path) -> EmbeddedServer:
    return start_embedded(tmp_path / "home").wait()


def _memory(process_id: int, line_name: str = "VmRSS") -> int:
    """Bytes the process has in memory; at most ever, as `VmHWM`."""
    status = Path(f"/proc/{process_id}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(f"{line_name}:"))


def _lines(first: int, count: int) -> bytes:
    rows = (
        {
            "event_id": f"00000000-0000-0000-0000-{number:012d}",
            "project_id": "p",
            "name": "x",
            "created_at": "1790000000",
        }
        for number in range(first, first + count)
    )
    return "\n".join(json.dumps(row) for row in rows).encode()


def test_a_second_process_on_the_folder_is_refused_with_a_remedy(server: EmbeddedServer, start_embedded: Start) -> None:
    second = start_embedded(server.home).process
    _, said = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "Traceback" not in said
    assert str(server.home / "warehouse") in said
    assert str(server.process.pid) in said
    assert "EVENTLENS_HOME" in said
    assert httpx.post(server.url, content="SELECT 1").text == "1\n"


@pytest.mark.parametrize("taken", PORTS)
def test_a_taken_port_is_refused_with_a_remedy(tmp_path: Path, server: EmbeddedServer, taken: str) -> None:
    environment = {**server.environment, "EVENTLENS_HOME": str(tmp_path / "other")}
    environment |= {name: str(free_port()) for name in PORTS if name != taken}
    command = [sys.executable, "-m", "chdb_server"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert taken in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_of_the_services_that_somebody_took_is_left_to_them(server: EmbeddedServer) -> None:
    before = read_access(server.home)
    server.stop()
    with socket.create_server(("127.0.0.1", before.http_port)):
        server.restart()
        after = read_access(server.home)
        assert after.http_port != before.http_port
        assert after.passwords == before.passwords
        assert httpx.post(server.url, content="SELECT 1").text == "1\n"


@pytest.mark.parametrize("setting", PORTS)
def test_a_port_of_the_services_that_a_setting_names_is_left_to_the_setting(tmp_path: Path, setting: str) -> None:
    before = read_access(tmp_path)
    other = EmbeddedServer(tmp_path, **{setting: str(before.http_port)})
    try:
        other.port = before.http_port if setting == "EVENTLENS_WAREHOUSE_PORT" else other.port
        other.guarded_url = f"http://127.0.0.1:{other.port}"
        other.wait()
        assert read_access(tmp_path).http_port != before.http_port
        assert httpx.post(other.url, content="EXISTS lens_raw.events").text == "1\n"
    finally:
        other.stop()


def test_a_warehouse_of_a_newer_program_is_refused_in_a_sentence(tmp_path: Path) -> None:
    newer = EmbeddedServer(tmp_path / "home")
    try:
        with Warehouse(newer.wait().url) as warehouse:
            warehouse.command("INSERT INTO lens_raw.migrations (name) VALUES ('9999_from_tomorrow.sql')")
        newer.stop()
        ended = subprocess.run(
            [sys.executable, "-m", "chdb_server"],
            env=newer.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (ended.returncode, ended.stderr.partition(":")[0]) == (1, "migration_unknown")
        assert "Traceback" not in ended.stderr
    finally:
        newer.stop()


def test_it_listens_on_loopback_only(server: EmbeddedServer) -> None:
    ports = (server.port, server.native_port, read_access(server.home).http_port)
    assert _listening(ports) == {f"0100007F:{port:04X}" for port in ports}


def test_it_listens_on_no_other_port(server: EmbeddedServer) -> None:
    opened = {path.readlink() for path in Path(f"/proc/{server.process.pid}/fd").iterdir() if path.is_symlink()}
    sockets = {str(link)[len("socket:[") : -1] for link in opened if str(link).startswith("socket:[")}
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    ours = {int(line[1].rpartition(":")[2], 16) for line in lines if line[3] == "0A" and line[9] in sockets}
    assert ours == {server.port, server.native_port, read_access(server.home).http_port}


def _listening(ports: Collection[int]) -> set[str]:
    """The addresses, as the kernel writes them, at which somebody listens on one of `ports`."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {line[1] for line in lines if line[3] == "0A" and int(line[1].rpartition(":")[2], 16) in ports}


def test_tables_that_an_earlier_version_made_in_the_default_database_are_still_there(
    tmp_path: Path, start_embedded: Start
) -> None:
    """Versions before had no database of that name on disk: the engine made one up at every start."""
    home = prepare_home(tmp_path / "home")
    made = (
        f"import chdb; c = chdb.connect({str(home / 'warehouse')!r}); "
        "c.query('CREATE TABLE default.kept (n Int8) ENGINE = MergeTree ORDER BY n'); "
        "c.query('INSERT INTO default.kept VALUES (7)'); c.close()"
    )
    subprocess.run([sys.executable, "-c", made], check=True, timeout=60)
    server = start_embedded(home).wait()
    for _ in range(2):
        assert httpx.post(server.url, content="SELECT n FROM kept").text == "7\n"
        server.stop()
        server.restart()


def test_the_default_database_is_an_ordinary_one(server: EmbeddedServer) -> None:
    made = httpx.post(server.url, content="CREATE TABLE mine (n Int8) ENGINE = MergeTree ORDER BY n")
    assert made.status_code == 200, made.text
    # In the engine's own database `default`, every unknown table name is a file.
    unknown = httpx.post(server.url, content="SELECT * FROM nothing_of_that_name")
    assert unknown.headers["x-clickhouse-exception-code"] == "60"
    server.stop()
    server.restart()
    assert httpx.post(server.url, content="SELECT database FROM system.tables WHERE name = 'mine'").text == "default\n"


def test_sigkill_in_the_middle_of_a_tokened_insert_and_a_retry_lands_exactly_once(server: EmbeddedServer) -> None:
    segments = {f"segment-{number}": _lines(number * 20_000, 20_000) for number in range(6)}
    waiting = dict(segments)
    killer: threading.Timer | None = None
    kills = 0
    while waiting:
        token, body = next(iter(waiting.items()))
        if kills < 3:
            killer = threading.Timer(0.02 + 0.06 * kills, server.process.kill)
            killer.start()
        try:
            with Warehouse(server.url) as warehouse:
                while kills < 3 or token in waiting:
                    warehouse.insert_lines("lens_raw.events", body, token=token)
                    waiting.pop(token, None)
        except Unavailable:
            kills += 1
            server.restart()
    assert kills == 3
    with Warehouse(server.url) as warehouse:
        for token, body in segments.items():
            warehouse.insert_lines("lens_raw.events", body, token=token)
        landed = warehouse.rows("SELECT count() AS rows, uniqExact(event_id) AS ids FROM lens_raw.events")
    assert landed == [{"rows": 120_000, "ids": 120_000}]


def test_sigterm_lets_a_running_statement_end_and_exits_with_zero(server: EmbeddedServer) -> None:
    answers: list[httpx.Response] = []
    url = f"{server.url}/?max_block_size=1"
    sql = "SELECT sum(sleepEachRow(0.2)) FROM numbers(5)"
    running = threading.Thread(target=lambda: answers.append(httpx.post(url, content=sql, timeout=30)))
    running.start()
    _wait_for_statement(server, "sleepEachRow")
    server.process.send_signal(signal.SIGTERM)
    running.join()
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "0\n")]
    assert server.stop() == 0


def test_a_reader_that_leaves_stops_its_question(server: EmbeddedServer) -> None:
    question = "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 7"
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(read_access(server.home).url("query"), content=question, timeout=0.5)
    _wait_for_statement(server, "sipHash64", present=False)


def test_a_reader_that_leaves_a_stream_stops_it(server: EmbeddedServer) -> None:
    with httpx.stream("POST", server.url, content="SELECT number FROM numbers(100000000000)") as answer:
        next(answer.iter_raw())
    _wait_for_statement(server, "100000000000", present=False)


def test_ping_answers_while_questions_fill_every_thread(server: EmbeddedServer) -> None:
    def ask() -> None:
        url = f"{server.url}/?max_block_size=1&max_threads=1"
        httpx.post(url, content="SELECT sum(sleepEachRow(0.1)) FROM numbers(3000)", timeout=120)

    asking = [threading.Thread(target=ask) for _ in range(40)]
    for thread in asking:
        thread.start()
    _wait_for_statement(server, "sleepEachRow")
    with Warehouse(server.url) as warehouse:
        warehouse.insert_lines("lens_raw.events", _lines(0, 10), token="t")
    assert httpx.get(f"{server.url}/ping", timeout=60).text == "Ok.\n"
    assert httpx.get(f"{server.guarded_url}/ping", timeout=60).text == "Ok.\n"
    assert all(thread.is_alive() for thread in asking)
    # Those that the server takes only now are stopped too.
    while any(thread.is_alive() for thread in asking):
        httpx.post(
            server.url,
            content="KILL QUERY WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%KILL%' SYNC",
            timeout=60,
        )
    for thread in asking:
        thread.join()


@pytest.mark.parametrize("is_guarded", [False, True])
def test_memory_stays_bounded_while_much_streams_in_and_out(server: EmbeddedServer, is_guarded: bool) -> None:
    url = httpx.URL(server.url)
    url = url.copy_with(port=server.port) if is_guarded else url
    with httpx.Client(base_url=url, timeout=60, headers={"Accept-Encoding": "identity"}) as client:
        client.post("/", content="CREATE TABLE default.big (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
        client.post("/", content="SELECT number, toString(number) FROM numbers(1000000) FORMAT Parquet")
        before = _memory(server.process.pid)
        peak = before
        read = 0
        question = "SELECT number, repeat('x', 100) FROM numbers(5000000) FORMAT JSONEachRow"
        with client.stream("POST", "/", content=question) as answer:
            for piece in answer.iter_raw(1 << 20):
                read += len(piece)
                peak = max(peak, _memory(server.process.pid))
        assert read > 600_000_000
        assert max(peak, _memory(server.process.pid)) - before < 200_000_000

        def rows(blocks: int) -> Iterator[bytes]:
            block = b"".join(b"%d\t%s\n" % (number, b"y" * 200) for number in range(10_000))
            for _ in range(blocks):
                yield block

        # By default a block has a million rows: the first body would fill one, the second several at once.
        statement = {"query": "INSERT INTO default.big FORMAT TSV", "max_insert_block_size": "100000"}
        statement["min_insert_block_size_rows"] = "100000"
        peaks = []
        for blocks in (100, 350):
            answer = client.post("/", params=statement, content=rows(blocks))
            assert answer.status_code == 200, answer.text
            peaks.append(_memory(server.process.pid, "VmHWM"))
        assert client.post("/", content="SELECT count() FROM default.big").text == "4500000\n"
        # The second body is 500 MB longer, and would add as much if it was kept.
        assert peaks[1] - peaks[0] < 300_000_000


def _wait_for_statement(server: EmbeddedServer, text: str, *, present: bool = True) -> None:
    with httpx.Client(base_url=server.url) as http:
        wait_for_statement(http, text, present=present)
