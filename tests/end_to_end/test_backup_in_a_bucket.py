"""A backup in a bucket of a real server that speaks S3, where there is one: pip install 'moto[s3,server]'."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from event_lens.processes import running_command
from event_lens.warehouse.client import Warehouse
from tests.conftest import EmbeddedServer
from tests.end_to_end.running import run_eventlens
from tests.ports import free_port

pytestmark = pytest.mark.usefixtures("only_embedded")


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = shutil.which("moto_server")
    if program is None:
        pytest.skip("moto_server is missing: pip install 'moto[s3,server]'")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = tmp_path_factory.mktemp("s3") / "log"
    with running_command([program, "-p", str(port)], os.environ, url, log):
        httpx.put(f"{url}/backups").raise_for_status()
        yield f"{url}/backups/of/ours"


def test_a_backup_goes_to_a_bucket_and_comes_back_on_top_of_its_base(bucket: str, tmp_path: Path) -> None:
    secret = "a secret of the bucket"
    place = {"EVENTLENS_BACKUPS": bucket, "EVENTLENS_BACKUPS_KEY": "id", "EVENTLENS_BACKUPS_SECRET": secret}
    source, target = EmbeddedServer(tmp_path / "source", **place), EmbeddedServer(tmp_path / "target", **place)
    try:
        with Warehouse(source.wait().url) as warehouse:
            for batch in ("first", "second"):
                warehouse.command("INSERT INTO lens_raw.batches (batch_id) VALUES ({b:String})", {"b": batch})
                base = () if batch == "first" else ("--base", "first")
                said, _ = run_eventlens(source.environment, "backup", batch, *base)
                assert f"Backup {batch} is in {bucket}" in said
            known = warehouse.rows("SELECT name FROM system.backups")
        run_eventlens(target.wait().environment, "restore", "second")
        with Warehouse(target.url) as warehouse:
            found = warehouse.rows("SELECT batch_id FROM lens_raw.batches ORDER BY batch_id")
    finally:
        source.stop()
        target.stop()
    assert [row["batch_id"] for row in found] == ["first", "second"]
    assert secret not in str(known)
