"""The origins of a client: spelt one way, added and removed later."""

import pytest

from event_lens.errors import Refused
from event_lens.registry.clients import add_origins, create_client, find_client, remove_origins
from event_lens.registry.database import Registry
from event_lens.registry.origin import MAX_ORIGINS, origin_rules
from event_lens.registry.projects import create_project


@pytest.fixture
def client_id(registry: Registry) -> str:
    project = create_project(registry, "shop")
    return create_client(registry, project.project_id, "write", origins=("Example.com", "example.com"))[0].client_id


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("example.com", "example.com"),
        (" HTTPS://Example.com/ ", "https://example.com"),
        ("example.com.", "example.com"),
        ("*.example.com", "*.example.com"),
        ("https://*.example.com:8443", "https://*.example.com:8443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("localhost:3000", "localhost:3000"),
        ("faß.de", "xn--fa-hia.de"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("*", "*"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(written: str, kept: str) -> None:
    assert origin_rules([written, written]) == [kept]


@pytest.mark.parametrize(
    "written",
    ["", "https://", "https://example.com/blog", "example.com?a=1", "https://me@example.com", "example.com:port",
     "*example.com", "www.*.com", "*.", "example .com"],
)  # fmt: skip
def test_an_origin_that_could_never_match_is_refused(written: str) -> None:
    with pytest.raises(Refused, match="is not an origin") as refused:
        origin_rules([written])
    assert refused.value.code == "origin_invalid"


def test_origins_are_added_once_and_removed(registry: Registry, client_id: str) -> None:
    added = add_origins(registry, client_id, ["https://www.example.com", "EXAMPLE.com"])
    assert added.origins == ["example.com", "https://www.example.com"]
    removed = remove_origins(registry, client_id, ["example.com/"])
    assert removed.origins == ["https://www.example.com"]
    found = find_client(registry, client_id)
    assert found is not None
    assert found.origins == ["https://www.example.com"]


def test_removing_an_origin_that_a_client_does_not_have_is_refused(registry: Registry, client_id: str) -> None:
    with pytest.raises(Refused, match=r"www.example.com is not an origin .* has: example.com"):
        remove_origins(registry, client_id, ["example.com", "www.example.com"])
    found = find_client(registry, client_id)
    assert found is not None
    assert found.origins == ["example.com"]


def test_an_unknown_client_is_refused(registry: Registry) -> None:
    for change in (add_origins, remove_origins):
        with pytest.raises(Refused) as refused:
            change(registry, "nobody", ["example.com"])
        assert refused.value.code == "key_unknown"


def test_the_number_of_origins_is_limited(registry: Registry, client_id: str) -> None:
    with pytest.raises(Refused, match="up to"):
        add_origins(registry, client_id, [f"h{number}.example.com" for number in range(MAX_ORIGINS)])
