"""The npm locks of the clients that tests drive: exact, hashed, and silent about where packages come from."""

import json
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
FOLDERS = sorted(path.parent for path in TESTS.glob("*/node/package-lock.json"))
ids = [path.parent.name for path in FOLDERS]


@pytest.mark.parametrize("folder", FOLDERS, ids=ids)
def test_every_client_is_named_with_one_version_and_is_in_the_lock(folder: Path) -> None:
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert locked[""]["dependencies"] == wanted
    for name, version in wanted.items():
        assert version.rpartition("@")[2] == locked[f"node_modules/{name}"]["version"]


@pytest.mark.parametrize("folder", FOLDERS, ids=ids)
def test_every_package_of_the_lock_has_a_hash_and_no_address(folder: Path) -> None:
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert len(packages) > 1
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-"), name
        # The only addresses in the lock are those of packages that ask for donations.
        rest = {key: value for key, value in package.items() if key != "funding"}
        assert "://" not in json.dumps(rest), name


@pytest.mark.parametrize("folder", FOLDERS, ids=ids)
def test_npm_is_told_to_write_no_addresses_and_run_no_scripts(folder: Path) -> None:
    told = (folder / ".npmrc").read_text().splitlines()
    assert "omit-lockfile-registry-resolved=true" in told
    assert "ignore-scripts=true" in told
    assert not any("registry=" in line for line in told)


def test_the_lock_has_the_clients_of_the_sdk_tests() -> None:
    assert "sdks" in ids
