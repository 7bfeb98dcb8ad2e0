"""The client gives the API's numbers as frames, over HTTP and from the warehouse alike, and says what it lacks."""

import io
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stderr
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import msgspec
import polars
import pytest

from docs.generate.reports import example_parameters
from event_lens.errors import Refused, Unavailable
from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project, list_projects
from event_lens.settings import read_settings
from query.client import Lens, api, connect
from query.client.frame import frame_of
from query.reports import REPORTS, identifier_of
from tests.conftest import EmbeddedServer
from tests.ports import free_port
from tests.unit.query.sample_projects import World

SEASON: dict[str, Any] = {"start_date": "2026-01-01", "end_date": "2026-06-30"}
MARCH: dict[str, Any] = {"start_date": date(2026, 3, 2), "end_date": date(2026, 3, 3)}


def key_of(world: World, name: str) -> str:
    return f"{world.keys[name]['openpanel-client-id']}:{world.keys[name]['openpanel-client-secret']}"


def over_http(world: World, name: str) -> Lens:
    return connect(f"{world.url}/api/v1", key_of(world, name), environ={})


def of_warehouse(world: World, warehouse_url: str, name: str) -> Lens:
    return connect(warehouse=warehouse_url, project=world.projects[name].project_id, environ={})


def test_rows_are_frames_with_their_meta(world: World) -> None:
    lens = over_http(world, "plain")
    metrics = lens.metrics(**SEASON)
    assert metrics["total_events"].to_list() == [8]
    assert metrics.meta["table"] == "metrics_daily"
    assert metrics.data["total_events"] == 8
    assert metrics.to_arrow()["total_events"].to_pylist() == metrics.to_pandas()["total_events"].to_list() == [8]
    series = lens.timeseries(**MARCH)
    assert series.schema["date"] == polars.Date
    assert series["total_events"].to_list() == [4, 4]
    assert series.previous is None
    compared = lens.timeseries(start_date="2026-03-03", end_date="2026-03-03", compare="previous")
    assert compared.previous is not None
    assert compared.previous.select("date", "total_events").rows() == [(date(2026, 3, 2), 4)]
    hours = lens.timeseries(start_date="2026-03-02T10:00:00Z", end_date="2026-03-02T12:00:00Z", interval="hour")
    assert hours["date"].to_list() == [datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (10, 11)]
    retention = lens.retention(period="day", periods=1, **MARCH)
    # ann (with d1 from its first event on), d2; d3 the day after
    assert retention.select("size", "period_number", "retained").rows() == [(2, 0, 2), (2, 1, 1), (1, 0, 1), (1, 1, 0)]
    assert lens.retention(period="day", start_date="2025-01-01", end_date="2025-01-02").is_empty()
    again = over_http(world, "shop").defined_retention("orders_again", period="day", **SEASON)
    assert again.columns == retention.columns
    steps = [{"name": "screen_view"}, {"name": "purchase"}]
    assert lens.funnel(steps, **SEASON)["count"].to_list() == [2, 1]
    only = [{"name": "name", "operator": "is", "value": ["purchase"]}]
    assert lens.events(filters=only, **SEASON)["events"].to_list() == [2]
    assert lens.sessions(**MARCH)["started_at"].dtype == polars.Datetime("ms", "UTC")


def test_every_report_is_the_same_over_http_and_from_the_warehouse(world: World, warehouse_url: str) -> None:
    api, warehouse = over_http(world, "shop"), of_warehouse(world, warehouse_url, "shop")
    for name, report in REPORTS.items():
        fields = {field.encode_name: field.name for field in msgspec.structs.fields(report.parameters)}
        written = {fields[written]: value for written, value in example_parameters(report).items()}
        frame = getattr(api, identifier_of(report))(**written)
        assert frame.equals(getattr(warehouse, identifier_of(report))(**written)), name
        assert frame.height or name == "live", name


def test_a_period_may_be_given_as_dates(world: World, warehouse_url: str) -> None:
    steps = [{"name": "screen_view"}, {"name": "signup"}]
    for lens in (over_http(world, "plain"), of_warehouse(world, warehouse_url, "plain")):
        (row,) = lens.query(["total_events"], **MARCH).data
        assert row["metrics"] == {"total_events": 8}
        assert lens.funnel(steps, **MARCH)["count"].to_list() == [2, 1]
        assert lens.metrics(**MARCH)["total_events"].to_list() == [8]


def test_an_hour_of_null_is_the_whole_range(world: World) -> None:
    steps = [{"name": "screen_view"}, {"name": "signup"}]
    day, whole = (over_http(world, "plain").funnel(steps, window_seconds=window, **SEASON) for window in (60, None))
    assert (day["count"].to_list(), whole["count"].to_list()) == ([2, 1], [2, 1])


def answered(data: Any, through: str | None) -> dict[str, Any]:
    return {"data": data, "meta": {"completeThrough": through, "timezone": "Europe/Berlin"}}


def bucket(day: str) -> dict[str, Any]:
    return {"date": day, "received": 1, "accepted": 1, "duplicate": 0, "bot": 0, "rejected": 0}


def test_periods_that_have_not_ended_or_landed_are_marked() -> None:
    rows = [bucket("2026-03-23"), bucket("2026-03-30")]
    # The first week ends at midnight in Berlin, which in summer is one more hour away from UTC.
    for through, marks in (
        ("2026-03-29T22:00:00.000Z", [True, False]),
        ("2026-03-29T21:59:59.999Z", [False, False]),
        (None, [False, False]),
    ):
        frame = frame_of(REPORTS["ingest"], {"interval": "week"}, answered(rows, through))
        assert frame["is_complete"].to_list() == marks
    hours = [bucket("2026-03-29T09:00:00+00:00"), bucket("2026-03-29T10:00:00+00:00")]
    frame = frame_of(REPORTS["ingest"], {"interval": "hour"}, answered(hours, "2026-03-29T10:30:00.000Z"))
    assert frame["is_complete"].to_list() == [True, False]
    cohort = {"cohort": "2026-03-02", "size": 2, "retained": [2, 1], "retention_rate": [100.0, 50.0]}
    frame = frame_of(REPORTS["retention"], {"period": "month"}, answered([cohort], "2026-04-10T00:00:00.000Z"))
    assert frame["is_complete"].to_list() == [True, False]


def test_sql_gives_the_same_numbers(world: World, warehouse_url: str) -> None:
    lens = of_warehouse(world, warehouse_url, "plain")
    counted = lens.sql(
        "SELECT count() AS events FROM lens.events WHERE project_id = {project:String}",
        {"project": world.projects["plain"].project_id},
    )
    assert counted["events"].to_list() == lens.metrics(**SEASON)["total_events"].to_list()
    own = "SELECT count() AS events FROM lens.events WHERE project_id = {project:String}"
    assert lens.sql(own).equals(counted)
    assert (
        lens.sql(own, {"project": world.projects["shop"].project_id})["events"].to_list() != counted["events"].to_list()
    )
    with pytest.raises(Refused, match=r"connect\(warehouse="):
        over_http(world, "plain").sql(own)


def test_sql_gives_instants_and_ids_as_such_and_numbers_as_numbers(world: World, warehouse_url: str) -> None:
    lens = of_warehouse(world, warehouse_url, "plain")
    frame = lens.sql(
        """
        SELECT
            hour, toNullable(hour) AS maybe, toTimeZone(hour, 'Asia/Kolkata') AS there, toUInt32(7) AS number,
            event_id, toString(event_id) AS text, if(name = 'none', event_id, NULL) AS no_id
        FROM lens.events WHERE project_id = {project:String} ORDER BY created_at LIMIT 1;
        """
    )
    at = datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert frame["hour"].to_list() == frame["maybe"].to_list() == frame["there"].to_list() == [at]
    assert str(frame.schema["there"]) == "Datetime(time_unit='ms', time_zone='Asia/Kolkata')"
    assert (frame["number"].to_list(), frame["no_id"].to_list()) == ([7], [None])
    assert frame["event_id"].to_list() == frame["text"].to_list()


def test_a_sql_user_asks_by_sql_when_the_project_is_named(world: World, embedded_warehouse: EmbeddedServer) -> None:
    analyst = embedded_warehouse.guarded_url.replace("://", "://analyst:@")
    lens = connect(warehouse=analyst, project=world.projects["plain"].project_id, environ={})
    counted = lens.sql("SELECT count() AS events FROM lens.events WHERE project_id = {project:String}")
    assert counted["events"].to_list() == [8]
    with pytest.raises(Refused, match=r"reads `lens` alone.*lens\.sql"):
        lens.metrics()


def test_the_dimensions_of_a_row_come_first_under_their_own_names(world: World) -> None:
    lens = over_http(world, "plain")
    assert lens.breakdown(by="country,browser", **SEASON).columns[:2] == ["country", "browser"]
    assert lens.timeseries(interval="month", breakdown="country", **SEASON).columns[:2] == ["date", "country"]
    durations = lens.metrics(**SEASON)["avg_session_duration"]
    assert durations.dtype == polars.Float64


@pytest.mark.parametrize("connected", ["http", "warehouse"])
def test_an_export_is_written_whole(world: World, warehouse_url: str, tmp_path: Path, connected: str) -> None:
    lens = over_http(world, "random") if connected == "http" else of_warehouse(world, warehouse_url, "random")
    told: list[int] = []
    season = {"startDate": SEASON["start_date"], "endDate": SEASON["end_date"]}
    file = lens.export("events.parquet", tmp_path / "events.parquet", progress=told.append, **season)
    with duckdb.connect() as engine:
        counted = engine.execute("select count(*) from read_parquet(?)", [str(file)]).fetchall()
    assert counted == [(len(world.history("random").events),)]
    assert told[-1] == file.stat().st_size
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(Refused):
        lens.export("clients.csv", tmp_path / "clients.csv")


@pytest.mark.parametrize("connected", ["http", "warehouse"])
def test_an_export_after_nothing_and_of_no_cohort_is_refused(
    world: World, warehouse_url: str, tmp_path: Path, connected: str
) -> None:
    lens = over_http(world, "random") if connected == "http" else of_warehouse(world, warehouse_url, "random")
    assert_refuses(lens, tmp_path)


def assert_refuses(lens: Lens, folder: Path) -> None:
    """An export says that its cohort or the row of its cursor does not exist, wherever its rows are from."""
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("cohort_members.csv", {"cohort": "buyers"}, "cohort_unknown"),
        ("cohort_members.csv", {"cohort": "active", "cursor": "nobody"}, "cursor_invalid"),
        ("sessions.csv", {"cursor": "12"}, "cursor_invalid"),
    ]
    for file, written, code in cases:
        with pytest.raises(Refused) as refused:
            lens.export(file, folder / file, **written)
        assert refused.value.code == code, file
        assert not (folder / file).exists()


def test_a_refusal_names_the_parameter(world: World) -> None:
    lens = over_http(world, "plain")
    with pytest.raises(Refused) as refused:
        lens.metrics(range="soon")
    assert refused.value.code == "range_invalid"
    with pytest.raises(Refused, match="cohort must be given"):
        lens.cohort_members("")


def home_with(tmp_path: Path, *projects: str) -> Path:
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(tmp_path)}))
    for name in projects:
        create_project(registry, name)
    registry.close()
    return tmp_path


def test_a_missing_part_of_a_connection_is_named_in_a_sentence(tmp_path: Path) -> None:
    url = "http://127.0.0.1:3003"
    missing: list[tuple[Callable[[], Lens], str]] = [
        (lambda: connect(url, environ={}), "EVENTLENS_QUERY_KEY"),
        (lambda: connect(url, "secret", environ={}), "ID:SECRET"),
        (lambda: connect(url, "id:geheim\n한", environ={}), "ID:SECRET"),
        (lambda: connect(url, "id:한", environ={}), "ID:SECRET"),
        (lambda: connect("127.0.0.1:3003", "a:b", environ={}), "begins with http"),
        (lambda: connect(f"file://{tmp_path}", "a:b", environ={}), "begins with http"),
        (lambda: connect(key="a:b", environ={}), "give url as well"),
        (lambda: connect(url, "a:b", warehouse="x", environ={}), "either url and key, or warehouse, or lake"),
        (lambda: connect(environ={"EVENTLENS_QUERY_URL": url}), "EVENTLENS_QUERY_KEY"),
        (lambda: connect(environ={"EVENTLENS_HOME": str(tmp_path / "none")}), "is not the home of an Event Lens"),
    ]
    for connecting, message in missing:
        with pytest.raises(Refused, match=message):
            connecting()
    with pytest.raises(Refused, match="there is none yet"):
        connect(warehouse=home_with(tmp_path), environ={}).metrics()
    with pytest.raises(Refused, match=r"Say which project is asked about: there are shop-.*, site-"):
        connect(warehouse=home_with(tmp_path, "shop", "site"), environ={}).metrics()
    with pytest.raises(Unavailable, match="Start it with"):
        connect(f"http://127.0.0.1:{free_port()}", "id:secret", environ={}).metrics()


def test_a_key_of_another_project_is_not_taken_for_the_one_that_is_named(world: World) -> None:
    plain, demo = (world.projects[name].project_id for name in ("plain", "demo"))
    key = f"{key_of(world, 'plain')}\n"  # as files end
    with pytest.raises(Refused, match=f"reads the project {plain} and not {demo}"):
        connect(world.url, key, project=demo, environ={}).metrics(range="7d")
    assert connect(world.url, key, project=plain, environ={}).project_id == plain
    with pytest.raises(Refused, match="is not a query API"):
        connect(f"{world.url}/insights", key, environ={}).metrics(range="7d")


def test_the_settings_choose_a_project_of_several(tmp_path: Path) -> None:
    home = home_with(tmp_path, "shop", "site")
    with closing(open_registry(read_settings({"EVENTLENS_HOME": str(home)}))) as registry:
        known = [each.project_id for each in list_projects(registry)]
    for project in known:
        lens = connect(environ={"EVENTLENS_HOME": str(home), "EVENTLENS_QUERY_PROJECT": project})
        assert lens.project_id == project


def test_settings_beside_the_home_are_read(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    (tmp_path / ".env").write_text(f"EVENTLENS_QUERY_URL={url}\nEVENTLENS_QUERY_KEY=id:secret\n")
    with pytest.raises(Unavailable, match=url):
        connect(environ={"EVENTLENS_HOME": str(tmp_path / "home")}).metrics()


class Flaky(BaseHTTPRequestHandler):
    """Is busy so often as `busy` says, breaks off so often as `broken` says, and then answers."""

    busy, broken = 0, 0
    export = b"x" * 100

    def do_GET(self) -> None:
        data: Any = {"project_id": "p"} if self.path.startswith("/insights?") else {"visitors": 3, "pages": []}
        is_first = self.path.startswith("/insights?")
        if Flaky.busy and not is_first:
            Flaky.busy -= 1
            self._send(429, msgspec.json.encode({"error": {"code": "project_busy", "message": "Ask again."}}))
        elif Flaky.broken and not is_first:
            Flaky.broken -= 1
            self._send(200, Flaky.export[:50], length=100)
        elif self.path.startswith("/export"):
            self._send(200, Flaky.export)
        else:
            self._send(200, msgspec.json.encode(answered(data, None)))

    def _send(self, status: int, body: bytes, length: int = 0) -> None:
        self.send_response(status)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing."""


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lens]:
    monkeypatch.setattr(api, "MAX_PAUSE_SECONDS", 0)
    with HTTPServer(("127.0.0.1", 0), Flaky) as server, redirect_stderr(io.StringIO()):
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield connect(f"http://127.0.0.1:{server.server_port}", "id:secret", environ={})
        server.shutdown()
        thread.join()


def test_a_question_is_asked_again_when_the_api_is_busy_or_breaks_off(flaky: Lens) -> None:
    Flaky.busy, Flaky.broken = 1, 1
    assert flaky.live().data["visitors"] == 3
    Flaky.busy = 3
    with pytest.raises(Unavailable, match="Ask again"):
        flaky.live()
    Flaky.broken = 3
    with pytest.raises(Unavailable, match="broke off"):
        flaky.live()


def test_an_export_that_breaks_off_is_begun_again(flaky: Lens, tmp_path: Path) -> None:
    Flaky.broken = 2
    assert flaky.export("events.csv", tmp_path / "events.csv").read_bytes() == Flaky.export
    Flaky.broken = 3
    with pytest.raises(Unavailable, match="broke off"):
        flaky.export("events.csv", tmp_path / "half.csv")
    assert not (tmp_path / "half.csv").exists()
    with pytest.raises(Refused, match="is not a folder"):
        flaky.export("events.csv", tmp_path / "none" / "events.csv")
    with pytest.raises(Refused, match="name a file in it"):
        flaky.export("events.csv", tmp_path)


def test_an_answer_that_is_not_the_apis_is_reported(flaky: Lens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Flaky, "do_GET", lambda handler: handler._send(200, b"<html>"))
    with pytest.raises(Refused, match="is not a query API"):
        flaky.live()
