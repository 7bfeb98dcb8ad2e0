"""Log files: for their owner only, set aside when they are full, as many as are kept."""

from pathlib import Path

from cli.processes.log_files import LogFile, LogFiles


def test_a_full_file_is_set_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "part.log", max_bytes=20, kept=2)
    for number in range(7):
        log.write(f"line {number} é")
    log.close()
    assert {path.name: path.read_text().split()[1::3] for path in tmp_path.iterdir()} == {
        "part.log": ["6"],
        "part.log.1": ["4", "5"],
        "part.log.2": ["2", "3"],
    }
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_full_disk_stops_no_part(tmp_path: Path) -> None:
    (tmp_path / "part.log").mkdir()
    LogFiles(tmp_path).write("part", "lost")
    LogFiles(None).write("part", "not wanted")
