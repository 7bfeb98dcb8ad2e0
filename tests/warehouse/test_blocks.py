"""ClickHouse's own compressed blocks: `compress=1` and `decompress=1`."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import httpx
import pytest

from event_lens.warehouse.connection import Warehouse
from event_lens.warehouse.embedded.blocks import BlockDecoder, BlockEncoder
from event_lens.warehouse.embedded.failure import StatementError
from tests.conftest import EmbeddedServer

LINES = b"".join(b"%d\tabc\n" % number for number in range(100_000))


def _packed(data: bytes) -> bytes:
    encoder = BlockEncoder()
    return encoder.encode(data) + encoder.finish()


def _unpacked(data: bytes, piece_bytes: int = 1000) -> bytes:
    decoder = BlockDecoder()
    pieces = [data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes)]
    out = b"".join(part for piece in pieces for part in decoder.decode(piece))
    decoder.check_end()
    return out


@pytest.mark.parametrize("codec", ["NONE", "LZ4", "ZSTD(1)"])
def test_the_blocks_that_the_engine_itself_wrote_are_read(
    start_embedded: Callable[[Path], EmbeddedServer], tmp_path: Path, only_embedded: None, codec: str
) -> None:
    server = start_embedded(tmp_path / "home").wait()
    # A column's file is such blocks with such checksums; these are of every size that the hash treats apart.
    wide = "min_bytes_for_wide_part = 0, min_compress_block_size = 1, max_compress_block_size = 3000"
    with Warehouse(server.url) as warehouse:
        warehouse.command(
            f"CREATE TABLE default.t (s String CODEC({codec})) ENGINE = MergeTree ORDER BY tuple() SETTINGS {wide}"
        )
        warehouse.command("SYSTEM STOP MERGES default.t")
        counts = [*range(1, 40, 3), 118, 119, 120, 150, 200, 247, 248, 300]
        for count in counts:
            warehouse.command(f"INSERT INTO default.t SELECT repeat('ab', {count})")
        warehouse.command("INSERT INTO default.t SELECT toString(sipHash64(number)) FROM numbers(20000)")
    got = b"".join(_unpacked(file.read_bytes()) for file in server.home.glob("warehouse/**/s.bin"))
    assert len(got) > 300_000
    assert got.count(b"ab") == sum(counts)


def test_bytes_of_any_size_come_back_in_pieces_of_any_size() -> None:
    random = Random(7)
    for size in [
        0,
        1,
        7,
        8,
        15,
        16,
        31,
        32,
        100,
        127,
        128,
        129,
        143,
        144,
        145,
        1000,
        131_071,
        131_072,
        131_073,
        400_000,
    ]:
        data = random.randbytes(size)
        assert _unpacked(_packed(data), random.randrange(1, 5000)) == data


def test_every_flipped_byte_and_every_cut_is_noticed() -> None:
    whole = _packed(b"some text, some text, some text")
    for at in range(len(whole)):
        flipped = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        with pytest.raises(StatementError):
            _unpacked(flipped)
        if at:
            with pytest.raises(StatementError):
                _unpacked(whole[:at])


def test_answers_come_in_blocks_when_asked(http: httpx.Client) -> None:
    sql = "SELECT number, 'abc' FROM numbers(100000)"
    answer = http.post("/", params={"compress": "1"}, content=sql)
    assert "content-encoding" not in answer.headers
    assert len(answer.content) < len(LINES)
    assert _unpacked(answer.content) == LINES
    assert _unpacked(http.post("/", params={"compress": "1"}, content="SELECT 1").content) == b"1\n"


def test_bodies_in_blocks_are_taken(http: httpx.Client, warehouse: Warehouse, table: str) -> None:
    params = {"decompress": "1", "query": f"INSERT INTO {table} FORMAT TSV"}
    assert http.post("/", params=params, content=_packed(LINES)).status_code == 200
    whole = _packed(f"INSERT INTO {table} FORMAT TSV\n".encode() + b"-1\tx\n")
    assert http.post("/", params={"decompress": "1"}, content=whole).status_code == 200
    assert warehouse.value(f"SELECT uniqExact(n) FROM {table}") == 100_001


def test_damaged_blocks_are_refused_and_land_nothing(http: httpx.Client, warehouse: Warehouse, table: str) -> None:
    params = {"decompress": "1", "query": f"INSERT INTO {table} FORMAT TSV"}
    whole = _packed(LINES)
    for body in (whole[:-5], whole[:40] + b"?" + whole[41:], LINES, b"no blocks at all"):
        answer = http.post("/", params=params, content=body)
        assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (400, "271")
        assert "decompress=1" in answer.text
    assert warehouse.value(f"SELECT count() FROM {table}") == 0


def test_a_failure_in_the_middle_of_blocks_is_in_the_blocks(http: httpx.Client) -> None:
    sql = "SELECT throwIf(number = 2000000), number FROM numbers(3000000)"
    got = bytearray()
    with (  # noqa: PT012
        pytest.raises(httpx.RemoteProtocolError),
        http.stream("POST", "/", params={"compress": "1"}, content=sql) as answer,
    ):
        for piece in answer.iter_raw():
            got += piece
    assert b"Code: 395." in _unpacked(bytes(got))[-1500:]
