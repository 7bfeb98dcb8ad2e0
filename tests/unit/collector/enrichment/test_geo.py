"""Places, answer by answer, against MaxMind's test databases and flat ones."""

import csv
import json
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.enrichment.geo import INSTALLED, NOWHERE, Geo, Place, open_geo
from event_lens.errors import Refused
from event_lens.settings import read_settings
from tests.unit.collector.enrichment.flat_database import Value, write_database

MAXMIND = Path(__file__).parents[3] / "data" / "maxmind"
CITIES = MAXMIND / "GeoIP2-City-Test.mmdb"
SHARED = Path(__file__).parents[5] / "shared" / "data" / "maxmind-test"
FLAT: dict[str, dict[str, Value]] = {
    "81.2.69.0/24": {"country_code": "GB"},
    "168.126.63.0/24": {
        "country_code": "KR", "state1": "Seoul", "city": "Jung-gu", "latitude": 37.56, "longitude": 126.99,
    },
    "203.0.113.0/24": {"country_code": "AU"},
    "10.0.0.0/8": {"country_code": "US"},
    "2001:4860::/32": {"country_code": "US"},
    "2001:db8::/32": {"country_code": "JP"},
}  # fmt: skip


def number(text: str) -> float | None:
    return float(text) if text else None


@pytest.mark.parametrize(("name", "networks"), [("GeoIP2-City-Test", 248), ("GeoIP2-Country-Test", 345)])
def test_every_answer_of_the_test_databases_is_given(name: str, networks: int) -> None:
    geo = Geo(MAXMIND / f"{name}.mmdb")
    with (MAXMIND / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == networks
    for row in rows:
        place = Place(row["country"], row["region"], row["city"], number(row["latitude"]), number(row["longitude"]))
        for position in (0, -1):
            address = ip_network(row["network"])[position]
            assert geo.place(str(address)) == place, address
            if address.version == 4:
                assert geo.place(f"::ffff:{address}") == place, address
    geo.close()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the publisher's dumps are not in ../shared/data")
@pytest.mark.parametrize("name", ["GeoIP2-City-Test", "GeoIP2-Country-Test"])
def test_the_expected_answers_are_the_publisher_s(name: str) -> None:
    dumped: list[tuple[str, dict[str, Any]]] = json.loads((SHARED / f"{name}.expected.json").read_text())
    geo = Geo(SHARED / f"{name}.mmdb")
    for network, answer in dumped:
        place = geo.place(str(ip_network(network)[0]))
        assert place.country == answer.get("country", {}).get("iso_code", ""), network
        assert place.city == answer.get("city", {}).get("names", {}).get("en", ""), network
        assert place.latitude == answer.get("location", {}).get("latitude"), network
    geo.close()


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("81.2.69.160", Place("GB")),
        ("::ffff:81.2.69.160", Place("GB")),
        ("2002:5102:45a0::1", Place("GB")),
        ("2001:0:4136:e378:8000:63bf:aefd:ba5f", Place("GB")),
        ("168.126.63.1", Place("KR", "Seoul", "Jung-gu", 37.56, 126.99)),
        ("2001:4860:4860::8888", Place("US")),
        ("1.1.1.1", NOWHERE),
    ],
)
def test_a_flat_database_is_read_too(tmp_path: Path, address: str, place: Place) -> None:
    write_database(tmp_path / "flat.mmdb", FLAT)
    geo = Geo(tmp_path / "flat.mmdb")
    assert geo.place(address) == place
    geo.close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.1.1", "100.64.0.1", "0.0.0.0", "255.255.255.255",
        "192.0.2.1", "203.0.113.9", "224.0.0.1", "240.0.0.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fd00::1",
        "ff02::1", "2001:db8::1", "::ffff:10.0.0.1", "2002:0a00:0001::", "", "not an address", "1.2.3.4.5",
        "81.2.69.160/32", "81.2.69.160:80", "0x51.2.69.160", "1365394848", "\x00", "한국",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_has_no_place(tmp_path: Path, address: str) -> None:
    """Also where the database claims to know: the published one has countries for 203.0.113.9 and 2001:db8::1."""
    write_database(tmp_path / "flat.mmdb", FLAT)
    for path in (tmp_path / "flat.mmdb", CITIES):
        geo = Geo(path)
        assert geo.place(address) == NOWHERE
        geo.close()


@given(st.text() | st.ip_addresses().map(str))
def test_any_address_has_a_place_or_none(address: str) -> None:
    geo = Geo(CITIES)
    assert isinstance(geo.place(address), Place)
    geo.close()


def test_addresses_remembered_are_bounded() -> None:
    geo = Geo(CITIES)
    for number_ in range(5_000):
        geo.place(f"81.{number_ >> 8}.{number_ & 255}.1")
    assert geo.place.cache_info().currsize == geo.place.cache_info().maxsize == 4096
    geo.close()


def test_a_database_of_something_else_is_refused() -> None:
    with pytest.raises(Refused, match=r"GeoLite2-ASN database without countries.*EVENTLENS_GEOIP_DB"):
        Geo(MAXMIND / "GeoLite2-ASN-Test.mmdb")


@pytest.mark.parametrize("content", [None, b"", b"no database", CITIES.read_bytes()[:9_000]])
def test_a_missing_or_damaged_file_is_refused_at_the_start(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.mmdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Refused, match=r"x\.mmdb .*EVENTLENS_GEOIP_DB.*eventlens geo install") as refused:
        open_geo(read_settings({"EVENTLENS_GEOIP_DB": str(path), "EVENTLENS_HOME": str(tmp_path)}))
    assert refused.value.code == "geoip_unreadable"


def test_damage_within_a_database_is_reported_once_and_stops_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.mmdb"
    write_database(path, FLAT)
    path.write_bytes(path.read_bytes().replace(b"\x42KR", b"\xffKR"))
    geo = Geo(path)
    assert geo.place("168.126.63.1") == geo.place("168.126.63.2") == NOWHERE
    assert geo.place("81.2.69.160") == Place("GB")
    assert capsys.readouterr().out.count("geoip_damaged") == 1
    geo.close()


def test_the_setting_wins_over_the_installed_database(tmp_path: Path) -> None:
    settings = read_settings({"EVENTLENS_HOME": str(tmp_path)})
    assert open_geo(settings) is None
    (tmp_path / INSTALLED).parent.mkdir()
    write_database(tmp_path / INSTALLED, FLAT)
    installed = open_geo(settings)
    chosen = open_geo(replace(settings, geoip_db=CITIES))
    assert installed is not None
    assert chosen is not None
    assert (installed.place("81.2.69.160").city, chosen.place("81.2.69.160").city) == ("", "London")
    installed.close()
    chosen.close()
