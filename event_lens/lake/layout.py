"""The layout of a lake: `TABLE/project_id=P/DAY=2026-01-31/data.parquet`, and notes on what is exported."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec

from event_lens.errors import Refused

FORMAT = 1
NOTES = "lake.json"
DATA = "data.parquet"


class LakeTable(msgspec.Struct, frozen=True):
    """A table: the names and ClickHouse types of its columns, and the name of the column with its day, '' if it has
    none.

    Types that Parquet lacks are texts in the files: `stored` has the types of all columns in the files.
    """

    columns: dict[str, str]
    stored: dict[str, str]
    day: str


class LakePart(msgspec.Struct, frozen=True):
    """The state of a table's part at its last export, and the projects that had rows in it."""

    state: str
    projects: list[str]


class LakeProject(msgspec.Struct, frozen=True):
    project_id: str
    timezone: str
    currency: str


class LakeNotes(msgspec.Struct, kw_only=True):
    """The contents of a lake, written after its files. All events that landed up to `complete_through_ms` are in the
    lake; None before the first build. `exported` maps the shard, then the table, then the part to the part's state. A
    part is named by its day, by its month as 202601, or by '' for a whole table.
    """

    format: int = FORMAT
    complete_through_ms: int | None = None
    tables: dict[str, LakeTable] = {}
    projects: list[LakeProject] = []
    exported: dict[str, dict[str, dict[str, LakePart]]] = {}


def read_notes(lake: Path) -> LakeNotes:
    """Return the notes of a lake, empty ones where there are none. Raises `Refused` (`lake_unreadable`)."""
    try:
        notes = msgspec.json.decode((lake / NOTES).read_bytes(), type=LakeNotes)
    except (FileNotFoundError, NotADirectoryError):
        return LakeNotes()
    except OSError as error:
        raise Refused(
            f"{lake / NOTES} cannot be read: {error.strerror}. Look at its rights.", code="lake_unreadable"
        ) from error
    except msgspec.DecodeError as error:
        raise Refused(
            f"{lake / NOTES} cannot be read. Remove the lake's folder and run `eventlens export-lake` again.",
            code="lake_unreadable",
        ) from error
    if notes.format > FORMAT:
        raise Refused(f"{lake} was written by a newer Event Lens. Upgrade this one.", code="lake_unreadable")
    return notes


def write_notes(lake: Path, notes: LakeNotes) -> None:
    draft = lake / f"{NOTES}.part"
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(notes)))
    draft.replace(lake / NOTES)


def project_folder(lake: Path, table: str, project_id: str) -> Path:
    return lake / table / f"project_id={quote(project_id, safe='')}"


def part_files(lake: Path, table: str, project_id: str, day_column: str, part: str) -> Iterator[Path]:
    """Yield the files that hold a project's rows of one part of a table."""
    day = f"{part[:4]}-{part[4:]}-*" if len(part) == len("202601") else part
    yield from project_folder(lake, table, project_id).glob(f"{day_column}={day}/{DATA}" if day_column else DATA)


def data_file(lake: Path, table: str, project_id: str, day_column: str, day: str) -> Path:
    """Return the file that holds a project's rows: the rows of one `day` if the table has days, otherwise all."""
    folder = project_folder(lake, table, project_id)
    return (folder / f"{day_column}={day}" if day_column else folder) / DATA
