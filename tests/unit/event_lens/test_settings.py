"""Settings: one list drives defaults and help."""

from datetime import date
from pathlib import Path

import pytest

from event_lens.errors import Refused
from event_lens.settings import SETTINGS, Settings, read_settings


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = read_settings({})
    assert settings.home == Path(".eventlens").absolute()
    assert (settings.warehouse_port, settings.warehouse_native_port) == (8123, 9000)
    assert settings.is_embedded
    assert settings.first_day == date(2015, 1, 1)


def test_the_settings_object_has_exactly_the_listed_settings() -> None:
    assert set(Settings.__dataclass_fields__) == {setting.field for setting in SETTINGS}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EVENTLENS_COLLECTOR_PORT", "eighty"),
        ("EVENTLENS_COLLECTOR_PORT", "0"),
        ("EVENTLENS_COLLECTOR_PORT", "65536"),
        ("EVENTLENS_WAREHOUSE_URL", "ftp://example.com"),
        ("EVENTLENS_WAREHOUSE_URL", "http://a:8123,b:8123"),
        ("EVENTLENS_SHARD_HOMES", "one"),
        ("EVENTLENS_SHARD_HOMES", "one:9000,one:9001"),
        ("EVENTLENS_SHARD_HOMES", "one:9000,two:9000"),
        ("EVENTLENS_SHARD_CLUSTERS", "a,b'"),
        ("EVENTLENS_SHARD", "0"),
        ("EVENTLENS_BATCH_SECONDS", "0"),
        ("EVENTLENS_BATCH_EVENTS", "-1"),
        ("EVENTLENS_FIRST_DAY", "yesterday"),
        ("EVENTLENS_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("EVENTLENS_CLIENT_IP_HEADER", "X-Real-IP, Forwarded"),
        ("EVENTLENS_BASE_PATH", "api"),
        ("EVENTLENS_RATE_LIMIT", "-5"),
        ("EVENTLENS_RATE_LIMIT_STORE", "file"),
        ("EVENTLENS_RATE_LIMIT_STORE", "http://127.0.0.1"),
        ("EVENTLENS_LOG_LEVEL", "loud"),
        ("EVENTLENS_HOST", "everywhere"),
        ("EVENTLENS_PUBLIC_URL", "stats.example.com"),
        ("EVENTLENS_PUBLIC_URL", "https://stats.example.com/?a=1"),
        ("EVENTLENS_PUBLIC_URL", "https://ana:secret@stats.example.com"),
        ("EVENTLENS_PUBLIC_URL", "https://stats.example.com:0"),
        ("EVENTLENS_PUBLIC_URL", "https://" + "ß" * 64),
        ("EVENTLENS_DAGSTER_PATH", "dagster"),
        ("EVENTLENS_REGISTRY_URL", "mysql://user:secret@host/registry"),
        ("EVENTLENS_REGISTRY_URL", "registry.db"),
    ],
)
def test_an_invalid_value_is_refused_with_its_settings_name(name: str, value: str) -> None:
    with pytest.raises(Refused, match=name) as refused:
        read_settings({name: value})
    assert refused.value.code == "setting_invalid"


def test_a_password_in_a_refused_value_is_not_shown() -> None:
    with pytest.raises(Refused, match="EVENTLENS_RATE_LIMIT_STORE") as refused:
        read_settings({"EVENTLENS_RATE_LIMIT_STORE": "redsi://user:hidden@store"})
    assert "hidden" not in refused.value.message


def test_a_password_that_is_too_short_is_not_shown() -> None:
    with pytest.raises(Refused, match="at least 12 characters") as refused:
        read_settings({"EVENTLENS_DAGSTER_PASSWORD": "hidden"})
    assert "hidden" not in refused.value.message


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:3002"),
        ("0.0.0.0", "http://127.0.0.1:3002"),
        ("192.0.2.7", "http://192.0.2.7:3002"),
        ("::", "http://[::1]:3002"),
    ],
)
def test_programs_of_this_machine_reach_what_listens_on_a_host(host: str, url: str) -> None:
    assert read_settings({"EVENTLENS_HOST": host}).local_url(3002) == url


def test_a_misspelt_setting_is_refused() -> None:
    with pytest.raises(Refused, match="EVENTLENS_COLECTOR_PORT"):
        read_settings({"EVENTLENS_COLECTOR_PORT": "3002"})


def test_a_set_url_turns_the_embedded_warehouse_off() -> None:
    settings = read_settings({"EVENTLENS_WAREHOUSE_URL": "http://127.0.0.1:18123/"})
    assert settings.warehouse_url == "http://127.0.0.1:18123"
    assert not settings.is_embedded
