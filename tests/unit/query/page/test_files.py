"""The page's files: complete, from this repository, and what others wrote as they published it."""

import gzip
import re
from pathlib import Path

import pytest

from query.page.files import FOLDER, read_page_files

MODULES = Path(__file__).resolve().parents[2] / "node" / "node_modules"
PUBLISHED = {
    "vendor/uPlot.iife.min.js": "uplot/dist/uPlot.iife.min.js",
    "vendor/uPlot.min.css": "uplot/dist/uPlot.min.css",
    "vendor/uPlot.LICENSE.txt": "uplot/LICENSE",
}


def test_every_file_of_the_folder_is_served_and_none_beside_it() -> None:
    files = read_page_files()
    assert set(files) == {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert all(gzip.decompress(file.packed) == file.content for file in files.values())


def test_files_of_the_page_name_only_files_that_are_served() -> None:
    files = read_page_files()
    own = {name: file.content.decode() for name, file in files.items() if not name.startswith("vendor/")}
    for name, text in own.items():
        if name.endswith(".js"):
            assert {part.removeprefix("./") for part in re.findall(r'from "([^"]+)"', text)} <= set(files), name
        assert set(re.findall(r'(?:src|href)="page/([^"]+)"', text)) <= set(files), name
        assert not re.search(r"innerHTML|\bstyle=|<script>|\beval\(", text), name
        addresses = set(re.findall(r"https?://[\w.-]+", text))
        assert addresses <= {"http://www.w3.org", "https://example.com"}, name


@pytest.mark.parametrize("own", PUBLISHED)
def test_the_chart_library_is_what_npm_publishes(own: str) -> None:
    if not (MODULES / "uplot").exists():
        pytest.skip("npm's packages are missing; `make test` installs them where there is npm")
    assert read_page_files()[own].content == (MODULES / PUBLISHED[own]).read_bytes()


def test_the_whole_page_is_small() -> None:
    assert sum(len(file.packed) for file in read_page_files().values()) < 60_000
