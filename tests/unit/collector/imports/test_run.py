"""Imports into the warehouse: once whatever is repeated, on after a kill, out again without a trace."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pytest

from collector.imports import event_ids, text_lines
from collector.imports import run as run_module
from collector.imports.access_log import read
from collector.imports.follow import LogTail
from collector.imports.loader import EVENTS, ImportLoader
from collector.imports.record import find_unfinished, list_imports, new_record
from collector.imports.run import ImportRun
from collector.imports.sources import SOURCES, Options
from collector.imports.undo import undo_import
from event_lens.clock import now_ms
from event_lens.errors import Refused, Unavailable
from event_lens.file_lock import is_locked, waited_lock
from event_lens.warehouse.client import Warehouse
from tests.unit.collector.imports.logs import FIRST_MS, importer, line
from tests.unit.collector.imports.test_sources import RECORDS

DAY_ONE = [line("/a"), line("/b", "192.0.2.2"), line("/a")]
BAD = "no log line"


@pytest.fixture
def project() -> str:
    return f"import-{uuid4().hex}"


@contextmanager
def opened(
    warehouse: Warehouse,
    project: str,
    import_id: str = "",
    *,
    is_dry: bool = False,
    files: tuple[str, ...] = ("/logs/access.log",),
    first_open_ms: int = 0,
    turn: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Iterator[ImportRun]:
    record = new_record(project, "access-log", files, now_ms())
    record.import_id = import_id or record.import_id
    who = importer(project)
    who = type(who)(**{**who.__dict__, "received_at_ms": now_ms(), "import_id": record.import_id})
    run = ImportRun(warehouse, who, record, first_ms=FIRST_MS, first_open_ms=first_open_ms, is_dry=is_dry, turn=turn)
    yield run
    run.close()


def import_lines(
    warehouse: Warehouse, project: str, folder: Path, *lines: str, import_id: str = "", is_dry: bool = False
) -> ImportRun:
    path = folder / "access.log"
    path.write_text("\n".join(lines))
    with opened(warehouse, project, import_id, is_dry=is_dry) as run:
        if import_id:
            run.resume()
        run.read(path, read(path, Options()))
        run.finish()
    return run


def counts(warehouse: Warehouse, project: str) -> dict[str, Any]:
    (row,) = warehouse.rows(
        "SELECT count() AS events, uniqExact(event_id) AS ids, uniqExact(device_id) AS devices,"
        " (SELECT count() FROM lens_raw.quarantine WHERE project_id = {p:String}) AS refused,"
        " (SELECT sum(row_count) FROM lens_raw.batches WHERE import_id IN"
        "  (SELECT import_id FROM lens_raw.imports WHERE project_id = {p:String})) AS in_batches"
        " FROM lens_raw.events WHERE project_id = {p:String}",
        {"p": project},
    )
    return row


def test_a_log_that_grew_is_imported_again_and_only_its_new_lines_land(
    warehouse: Warehouse, project: str, tmp_path: Path
) -> None:
    first = import_lines(warehouse, project, tmp_path, *DAY_ONE, BAD)
    assert (first.record.event_count, first.record.known_count, first.record.unreadable_count) == (3, 0, 1)
    second = import_lines(warehouse, project, tmp_path, *DAY_ONE, BAD, line("/c", "192.0.2.3"), line("/a"))
    assert (second.record.event_count, second.record.known_count, second.record.unreadable_count) == (2, 4, 0)
    third = import_lines(warehouse, project, tmp_path, *DAY_ONE, BAD, line("/c", "192.0.2.3"), line("/a"))
    assert (third.record.event_count, third.record.known_count) == (0, 6)
    assert counts(warehouse, project) == {"events": 5, "ids": 5, "devices": 3, "refused": 1, "in_batches": 6}
    assert [row["event_count"] for row in list_imports(warehouse, project)] == [3, 2]


def test_a_rotated_log_lands_nothing_again(warehouse: Warehouse, project: str, tmp_path: Path) -> None:
    import_lines(warehouse, project, tmp_path, *DAY_ONE)
    import_lines(warehouse, project, tmp_path, *DAY_ONE[1:], line("/new", "192.0.2.9"))
    assert counts(warehouse, project)["events"] == 4


def test_files_of_one_run_that_hold_the_same_lines_count_once(
    warehouse: Warehouse, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "BATCH_ROWS", 1)
    path = tmp_path / "access.log"
    path.write_text("\n".join((*DAY_ONE, BAD)))
    with opened(warehouse, project, files=("access.log.1", "access.log")) as run:
        for _ in range(2):
            run.read(path, read(path, Options()))
        run.finish()
    assert (run.record.event_count, run.record.known_count) == (3, 4)
    assert counts(warehouse, project) == {"events": 3, "ids": 3, "devices": 2, "refused": 1, "in_batches": 4}


def test_two_imports_at_once_that_hold_the_same_lines_count_once(
    warehouse: Warehouse, project: str, tmp_path: Path
) -> None:
    path = tmp_path / "access.log"
    path.write_text("\n".join((*DAY_ONE, BAD)))
    with (
        opened(warehouse, project, files=("access.log",)) as slow,
        opened(warehouse, project, files=("access.log", "access.log.1")) as quick,
    ):
        for run in (quick, slow):
            run.read(path, read(path, Options()))
            run.finish()
    assert (slow.record.event_count, slow.record.known_count) == (0, 4)
    assert counts(warehouse, project) == {"events": 3, "ids": 3, "devices": 2, "refused": 1, "in_batches": 4}


def test_rows_land_while_no_other_import_of_the_source_does(
    warehouse: Warehouse, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, path = tmp_path / "turn.lock", tmp_path / "access.log"
    path.write_text("\n".join(DAY_ONE))
    held: list[bool] = []
    for step in ("known", "land"):
        real = getattr(ImportLoader, step)

        def noted(*given: Any, real: Any = real) -> Any:
            held.append(is_locked(turn))
            return real(*given)

        monkeypatch.setattr(ImportLoader, step, noted)
    with opened(warehouse, project, turn=lambda: waited_lock(turn)) as run:
        run.read(path, read(path, Options()))
        run.finish()
    assert held == [True, True]
    assert not is_locked(turn)


def test_a_log_that_contains_all_its_lines_twice_counts_them_once(
    warehouse: Warehouse, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_ids, "REMEMBERED", 5)
    monkeypatch.setattr(run_module, "BATCH_ROWS", 1)
    monkeypatch.setattr(text_lines, "BLOCK_BYTES", 2_000)
    lines = [line(f"/{number}") for number in range(40)]
    import_lines(warehouse, project, tmp_path, *lines, *lines)
    assert counts(warehouse, project)["events"] == 40


def test_a_dry_run_counts_and_keeps_nothing(warehouse: Warehouse, project: str, tmp_path: Path) -> None:
    import_lines(warehouse, project, tmp_path, DAY_ONE[0])
    bot = line("/", agent="Googlebot/2.1")
    dry = import_lines(warehouse, project, tmp_path, *DAY_ONE, BAD, bot, line("/x.css"), is_dry=True)
    record, report = dry.record, dry.report
    assert (record.line_count, record.event_count, record.bot_count, record.known_count) == (6, 3, 1, 1)
    assert record.left_out == {"picture, script, download": 1}
    assert dict(report.bot_kinds) == {"crawler": 1}
    assert (report.unreadable["log_line_unreadable"].number, report.unreadable["log_line_unreadable"].line) == (
        4,
        "*** log line",
    )
    assert counts(warehouse, project)["events"] == 1
    assert len(list_imports(warehouse, project)) == 1


def test_rejects_are_in_quarantine_with_file_and_line(warehouse: Warehouse, project: str, tmp_path: Path) -> None:
    import_lines(warehouse, project, tmp_path, DAY_ONE[0], "198.51.100.7 said ?token=abc")
    (row,) = warehouse.rows(
        "SELECT line_number, code, body, message FROM lens_raw.quarantine WHERE project_id = {p:String}", {"p": project}
    )
    assert (row["line_number"], row["code"], row["body"]) == (2, "log_line_unreadable", "*** said ?token=***")
    assert row["message"].endswith("File access.log, line 2.")


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("step", ["_insert", "_count"])
def test_an_import_that_was_killed_goes_on_under_its_id(
    warehouse: Warehouse, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(run_module, "BATCH_ROWS", 2)
    died = 0

    def die(loader: ImportLoader, *arguments: object, **named: object) -> None:
        nonlocal died
        died += 1
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(ImportLoader, step, die)
        with pytest.raises(Killed):
            import_lines(warehouse, project, tmp_path, *DAY_ONE)
    unfinished = find_unfinished(warehouse, project, "access-log", ["/logs/access.log"])
    assert died == 1
    assert unfinished
    again = import_lines(warehouse, project, tmp_path, *DAY_ONE, import_id=unfinished)
    assert counts(warehouse, project) == {"events": 3, "ids": 3, "devices": 2, "refused": 0, "in_batches": 3}
    assert (again.record.event_count, again.record.first_event_ms) == (3, 1_786_518_000_000)
    assert not find_unfinished(warehouse, project, "access-log", ["/logs/access.log"])


def test_rows_that_the_warehouse_took_and_does_not_have_are_made_up(
    warehouse: Warehouse, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Warehouse.insert_frame
    sizes: list[int] = []

    def half(self: Warehouse, table: str, frame: pl.DataFrame, *, token: str) -> int:
        sizes.append(frame.height)
        return real(self, table, frame.head(1) if len(sizes) == 1 else frame, token=token)

    monkeypatch.setattr(Warehouse, "insert_frame", half)
    import_lines(warehouse, project, tmp_path, *DAY_ONE)
    assert sizes == [3, 2]
    assert counts(warehouse, project)["events"] == 3


def test_undo_takes_exactly_the_rows_of_an_import_out_again(warehouse: Warehouse, project: str, tmp_path: Path) -> None:
    import_lines(warehouse, project, tmp_path, *DAY_ONE)
    second = import_lines(warehouse, project, tmp_path, *DAY_ONE, BAD, line("/c", "192.0.2.3"))
    assert undo_import(warehouse, second.record.import_id) == 2
    assert counts(warehouse, project) == {"events": 3, "ids": 3, "devices": 2, "refused": 0, "in_batches": 3}
    assert [row["state"] for row in list_imports(warehouse, project)] == ["finished", "undone"]
    days = warehouse.rows(
        "SELECT DISTINCT toDate(created_at) AS day FROM lens_raw.changed_events WHERE batch_id IN"
        " (SELECT batch_id FROM lens_raw.batches WHERE batch_id = {b:String})",
        {"b": f"undo-{second.record.import_id}"},
    )
    assert {str(row["day"]) for row in days} >= {"2026-08-12"}
    import_lines(warehouse, project, tmp_path, *DAY_ONE, BAD, line("/c", "192.0.2.3"))
    assert counts(warehouse, project)["events"] == 4


def test_a_log_is_followed_over_its_rotation(warehouse: Warehouse, project: str, tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text(line("/a") + "\n" + line("/b")[:50])
    tail = LogTail(path, Options())
    with opened(warehouse, project) as run:
        ids = run.ids()

        def take() -> int:
            while (chunk := tail.poll()) is not None:
                run.take(path, chunk, ids, ids)
            run.note_progress()
            return int(counts(warehouse, project)["events"])

        assert take() == 1
        with path.open("a") as log:
            log.write(line("/b")[50:] + "\n" + line("/without an end"))
        assert take() == 2
        path.rename(tmp_path / "access.log.1")
        assert take() == 2
        path.write_text(line("/c") + "\n")
        assert take() == 4
        path.write_text("")
        assert take() == 4
        path.write_text(line("/d") + "\n")
        assert take() == 5
    tail.close()


def test_an_unknown_import_cannot_be_undone(warehouse: Warehouse) -> None:
    with pytest.raises(Refused, match="import list"):
        undo_import(warehouse, "none")


def test_a_warehouse_that_does_not_answer_is_reported(project: str, tmp_path: Path) -> None:
    with Warehouse("http://127.0.0.1:9") as away, pytest.raises(Unavailable):
        import_lines(away, project, tmp_path, *DAY_ONE)


def test_events_of_a_source_land_with_their_values(warehouse: Warehouse, project: str, tmp_path: Path) -> None:
    import_lines(warehouse, project, tmp_path, line("/a?utm_source=x"))
    (row,) = warehouse.rows(
        f"SELECT path, utm_source, toString(created_at) AS at, day, device_kind, is_bot, revenue, batch_row"
        f" FROM {EVENTS} WHERE project_id = {{p:String}}",
        {"p": project},
    )
    assert (row["path"], row["utm_source"], row["at"]) == ("/a", "x", "2026-08-12 07:00:00.000")
    assert (str(row["day"]), row["device_kind"], row["is_bot"]) == ("2026-08-12", "derived", False)


def test_events_of_every_tool_land(warehouse: Warehouse, project: str, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    with opened(warehouse, project) as run:
        for source, record in RECORDS.items():
            path.write_text(json.dumps({**record, "id": source, "uuid": source, "event_id": source}))
            run.read(path, SOURCES[source].read(path, Options()))
        run.finish()
    rows = warehouse.rows(
        "SELECT name, count() AS events, sum(revenue) AS revenue, groupUniqArray(toString(properties.plan)) AS plans,"
        " countIf(latitude IS NULL) AS placeless FROM lens_raw.events WHERE project_id = {p:String} GROUP BY name",
        {"p": project},
    )
    assert {row["name"]: (row["events"], float(row["revenue"])) for row in rows} == {
        "screen_view": (6, 0), "page_view": (1, 0), "signup": (1, 0), "purchase": (1, 12.5),
    }  # fmt: skip
    assert "pro" in next(row for row in rows if row["name"] == "screen_view")["plans"]


def test_a_row_that_the_warehouse_refuses_takes_no_neighbour_with_it(
    warehouse: Warehouse, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Warehouse.insert_frame

    def picky(self: Warehouse, table: str, frame: pl.DataFrame, *, token: str) -> int:
        if "path" in frame.columns and (frame["path"] == "/b").any():
            raise Refused("no /b", code="warehouse_27")
        return real(self, table, frame, token=token)

    monkeypatch.setattr(Warehouse, "insert_frame", picky)
    import_lines(warehouse, project, tmp_path, *DAY_ONE)
    found = counts(warehouse, project)
    assert (found["events"], found["refused"]) == (2, 1)
    (row,) = warehouse.rows(
        "SELECT code, line_number FROM lens_raw.quarantine WHERE project_id = {p:String}", {"p": project}
    )
    assert row == {"code": "warehouse_refused", "line_number": 2}


def test_calls_about_people_land_once_and_are_removed_with_their_import(
    warehouse: Warehouse, project: str, tmp_path: Path
) -> None:
    path = tmp_path / "calls.json"
    call = {"type": "identify", "userId": "ada", "anonymousId": "d1", "timestamp": "2026-08-12T07:00:00Z"}
    records = [RECORDS["segment"], call | {"messageId": "i1", "traits": {"plan": "pro"}}, call | {"messageId": "i2"}]
    path.write_text("\n".join(map(json.dumps, records)))
    asked = (
        "SELECT profile_id, device_id, toString(properties.plan) AS plan, import_id FROM lens_raw.profile_operations"
    )

    def take() -> ImportRun:
        with opened(warehouse, project) as run:
            run.read(path, SOURCES["segment"].read(path, Options()))
            run.finish()
        return run

    first, second = take(), take()
    assert (first.record.event_count, first.record.operation_count, first.report.operations) == (1, 2, {"identify": 2})
    assert (second.record.operation_count, second.record.known_count) == (0, 3)
    rows = warehouse.rows(f"{asked} WHERE project_id = {{p:String}} ORDER BY plan DESC", {"p": project})
    assert [(row["profile_id"], row["device_id"], row["plan"]) for row in rows] == [
        ("ada", "d1", "pro"),
        ("ada", "d1", ""),
    ]
    assert counts(warehouse, project)["in_batches"] == 3
    assert [row["operation_count"] for row in list_imports(warehouse, project)] == [2]
    assert undo_import(warehouse, first.record.import_id) == 3
    assert not warehouse.rows(f"{asked} WHERE project_id = {{p:String}}", {"p": project})


def test_events_of_closed_days_are_refused_as_too_late(warehouse: Warehouse, project: str, tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text("\n".join((line("/a", clock="08:59:59"), line("/b"))))
    with opened(warehouse, project, is_dry=True, first_open_ms=1_786_518_000_000) as run:
        run.read(path, read(path, Options()))
        run.finish()
    assert (run.record.event_count, run.report.unreadable_kinds) == (1, {"too_late": 1})
