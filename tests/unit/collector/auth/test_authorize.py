"""Who may send, and from where."""

import asyncio
from ipaddress import ip_network
from pathlib import Path

import pytest

from collector.auth.client_cache import ClientCache
from collector.auth.client_ip import Proxies, client_address, read_headers
from event_lens.registry.allowed_origins import is_allowed
from event_lens.registry.clients import create_client, is_secret_of
from event_lens.registry.database import open_registry
from event_lens.registry.projects import create_project
from event_lens.settings import read_settings

NETWORKS = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
PROXIES = Proxies(NETWORKS)


@pytest.mark.parametrize(
    ("origin", "rule", "may"),
    [
        ("https://example.com", "example.com", True),
        ("http://EXAMPLE.com", "example.com", True),
        ("https://example.com:8443", "example.com", True),
        ("https://example.com.", "example.com", True),
        ("https://www.example.com", "example.com", False),
        ("https://www.example.com", "*.example.com", True),
        ("https://a.b.example.com", "*.example.com", True),
        ("https://example.com", "*.example.com", False),
        ("https://x.example.com.evil.io", "*.example.com", False),
        ("https://evilexample.com", "*.example.com", False),
        ("https://evilexample.com", "example.com", False),
        ("https://example.com@evil.io", "example.com", False),
        ("https://evil.io/example.com", "example.com", False),
        ("https://evil.io?example.com", "example.com", False),
        ("http://example.com", "https://example.com", False),
        ("https://example.com", "https://example.com", True),
        ("https://example.com:443", "https://example.com", True),
        ("https://example.com:444", "https://example.com", False),
        ("http://localhost:3000", "localhost:3000", True),
        ("http://localhost:3001", "localhost:3000", False),
        ("http://[::1]:3000", "[::1]:3000", True),
        ("https://xn--mnchen-3ya.de", "münchen.de", True),
        ("https://anything.at.all", "*", True),
        ("null", "*", True),
        ("null", "example.com", False),
        ("", "*", False),
        ("https://example.com:port", "example.com", False),
        ("example.com", "example.com", False),
        ("https://.example.com", "*.example.com", False),
        ("https://example.com", "", False),
        ("https://x.foo.com.evil.io", "*.foo.com", False),
        ("https://foo.com@evil", "foo.com", False),
        ("https://foo.com:x@evil", "*", True),
        ("https://foo.com:x@evil", "evil", False),
        ("HTTPS://FOO.COM", "https://foo.com", True),
        ("https://foo.com:8443", "foo.com:8443", True),
        ("https://foo.com:8443", "https://foo.com", False),
        ("https://www.foo.com.", "*.foo.com", True),
        ("https://foo.com..", "foo.com", False),
        ("https://xn--mnchen-3ya.de", "*.münchen.de", False),
        ("https://www.xn--mnchen-3ya.de", "*.münchen.de", True),
        ("https://MÜNCHEN.de", "xn--mnchen-3ya.de", True),
        ("https://xn--fa-hia.de", "faß.de", True),
        ("https://xn--fa-hia.de", "*.faß.de", False),
        ("https://www.xn--fa-hia.de", "*.faß.de", True),
        ("https://fass.de", "faß.de", False),
        ("https://xn--n3h.net", "☃.net", True),
        ("https://xn--wgv71a.jp", "日本。jp", True),
        ("https://evil.io", "ü@evil.io", False),
        ("https://foo.com%00.evil.io", "*.foo.com", False),
        ("https://foo.com\\.evil.io", "foo.com", False),
        ("https://foo.com#.evil.io", "foo.com", False),
        ("https://evil.io/https://foo.com", "foo.com", False),
        ("https://foo.com https://evil.io", "foo.com", False),
        ("null", "null", False),
        ("file://", "foo.com", False),
        ("chrome-extension://abcdef", "abcdef", True),
        ("https://127.0.0.1", "*.0.0.1", True),
        ("https://[::ffff:127.0.0.1]", "127.0.0.1", False),
    ],
)
def test_an_origin_fits_a_rule_or_not(origin: str, rule: str, may: bool) -> None:
    assert is_allowed(origin, [rule]) is may


def test_without_rules_no_origin_is_allowed() -> None:
    assert not is_allowed("https://example.com", [])


@pytest.mark.parametrize(
    ("peer", "is_verified", "headers", "address"),
    [
        ("9.9.9.9", False, {b"x-forwarded-for": b"1.1.1.1"}, ("9.9.9.9", True)),
        ("9.9.9.9", False, {}, ("9.9.9.9", True)),
        ("9.9.9.9", True, {}, ("9.9.9.9", False)),
        ("9.9.9.9", True, {b"openpanel-client-ip": b"1.1.1.1"}, ("1.1.1.1", True)),
        ("9.9.9.9", True, {b"x-client-ip": b"rubbish"}, ("9.9.9.9", False)),
        ("10.1.2.3", False, {b"x-forwarded-for": b"6.6.6.6, 1.1.1.1, 10.0.0.1"}, ("1.1.1.1", True)),
        ("::ffff:10.1.2.3", False, {b"x-forwarded-for": b"1.1.1.1"}, ("1.1.1.1", True)),
        ("10.1.2.3", False, {b"x-forwarded-for": b", ".join([b"7.7.7.7"] * 500)}, ("7.7.7.7", True)),
        ("2001:db8::1", False, {b"x-forwarded-for": b"[2001:db9::7]:443"}, ("2001:db9::7", True)),
        ("10.1.2.3", False, {b"x-forwarded-for": b"1.2.3.4:5678"}, ("1.2.3.4", True)),
        ("10.1.2.3", False, {b"x-forwarded-for": b"6.6.6.6, ::ffff:1.2.3.4, ::ffff:10.0.0.7"}, ("1.2.3.4", True)),
        ("::ffff:9.9.9.9", False, {}, ("9.9.9.9", True)),
        # An address that the visitor adds does not win over the address that the proxies name.
        ("10.1.2.3", False, {b"x-forwarded-for": b"1.1.1.1", b"cf-connecting-ip": b"6.6.6.6"}, ("1.1.1.1", True)),
        ("10.1.2.3", False, {b"x-forwarded-for": b"1.1.1.1", b"x-client-ip": b"6.6.6.6"}, ("1.1.1.1", True)),
        ("10.1.2.3", False, {b"x-forwarded-for": b"1.1.1.1", b"openpanel-client-ip": b"6.6.6.6"}, ("1.1.1.1", True)),
        ("10.1.2.3", False, {b"x-forwarded-for": b"1.1.1.1", b"forwarded": b"for=6.6.6.6"}, ("1.1.1.1", True)),
        ("10.1.2.3", False, {b"x-real-ip": b"6.6.6.6"}, ("10.1.2.3", True)),
        ("10.1.2.3", False, {b"x-real-ip": b"10.0.0.7", b"x-forwarded-for": b"1.1.1.1, 10.0.0.7"}, ("1.1.1.1", True)),
        # An application's server that is a trusted proxy speaks for its visitors, behind another proxy too.
        ("10.1.2.3", False, {b"openpanel-client-ip": b"1.1.1.1"}, ("1.1.1.1", True)),
        ("10.1.2.3", False, {b"openpanel-client-ip": b"1.1.1.1", b"x-forwarded-for": b"10.0.0.9"}, ("1.1.1.1", True)),
        # With a secret, a server may name its visitor even behind a proxy that names the server.
        ("10.1.2.3", True, {b"openpanel-client-ip": b"1.1.1.1", b"x-forwarded-for": b"5.5.5.5"}, ("1.1.1.1", True)),
        ("10.1.2.3", True, {b"x-real-ip": b"6.6.6.6", b"x-forwarded-for": b"5.5.5.5"}, ("5.5.5.5", True)),
        ("9.9.9.9", True, {b"x-real-ip": b"1.1.1.1"}, ("1.1.1.1", True)),
        # RFC 7239
        ("10.1.2.3", False, {b"forwarded": b"for=6.6.6.6, For=1.1.1.1;proto=https, for=10.0.0.1"}, ("1.1.1.1", True)),
        ("10.1.2.3", False, {b"forwarded": b'by=10.0.0.1;for="[2001:db9::7]:4711"'}, ("2001:db9::7", True)),
        ("10.1.2.3", False, {b"forwarded": b"for=1.1.1.1:4711, for=unknown, for=_hidden"}, ("1.1.1.1", True)),
        ("10.1.2.3", False, {b"forwarded": b'for=6.6.6.6;host=", for=1.1.1.1'}, ("1.1.1.1", True)),
        ("10.1.2.3", False, {b"forwarded": b'for=1.1.1.1;host="a, for=6.6.6.6"'}, ("1.1.1.1", True)),
        ("10.1.2.3", False, {b"forwarded": b'host="a;for=6.6.6.6";for=1.1.1.1'}, ("1.1.1.1", True)),
        ("10.1.2.3", False, {b"forwarded": b'host="\\";for=6.6.6.6";for=1.1.1.1'}, ("1.1.1.1", True)),
        ("10.1.2.3", False, {b"forwarded": b'for=6.6.6.6;a=b, host="\\\\";for=1.1.1.1'}, ("1.1.1.1", True)),
        ("10.1.2.3", False, {b"forwarded": b'"' * 100_000}, ("10.1.2.3", True)),
        ("9.9.9.9", False, {b"forwarded": b"for=1.1.1.1"}, ("9.9.9.9", True)),
        ("10.1.2.3", False, {}, ("10.1.2.3", True)),
        ("9.9.9.9", False, {b"cf-connecting-ip": b"1.1.1.1", b"x-real-ip": b"1.1.1.1"}, ("9.9.9.9", True)),
        ("9.9.9.9", False, {b"x-forwarded-for": b", ".join([b"10.0.0.1"] * 100)}, ("9.9.9.9", True)),
        ("10.1.2.3", False, {b"x-forwarded-for": b", ".join([b"10.0.0.1"] * 100)}, ("10.1.2.3", True)),
        ("10.1.2.3", False, {b"x-forwarded-for": b"1.1.1.1, 192.168.0.7"}, ("192.168.0.7", True)),
        ("10.1.2.3", False, {b"x-forwarded-for": b"6.6.6.6, <script>, 1.1.1.1, unknown"}, ("1.1.1.1", True)),
    ],
)
def test_an_address_counts_when_its_sender_may_name_it(
    peer: str, is_verified: bool, headers: dict[bytes, bytes], address: tuple[str, bool]
) -> None:
    assert client_address(headers, peer, PROXIES, is_verified=is_verified) == address


@pytest.mark.parametrize(
    ("header", "headers", "address"),
    [
        ("x-real-ip", {b"x-real-ip": b"1.1.1.1", b"x-forwarded-for": b"6.6.6.6"}, "1.1.1.1"),
        ("x-real-ip", {b"x-real-ip": b"10.0.0.7", b"x-forwarded-for": b"1.1.1.1, 10.0.0.7"}, "1.1.1.1"),
        ("x-real-ip", {b"x-real-ip": b"rubbish", b"x-forwarded-for": b"1.1.1.1"}, "1.1.1.1"),
        ("x-real-ip", {b"cf-connecting-ip": b"6.6.6.6"}, "10.1.2.3"),
        ("forwarded", {b"forwarded": b"for=1.1.1.1", b"x-forwarded-for": b"6.6.6.6"}, "1.1.1.1"),
        ("x-forwarded-for", {b"forwarded": b"for=6.6.6.6"}, "10.1.2.3"),
    ],
)
def test_a_proxy_writes_the_header_that_the_setting_names(
    header: str, headers: dict[bytes, bytes], address: str
) -> None:
    assert client_address(headers, "10.1.2.3", Proxies(NETWORKS, header), is_verified=False) == (address, True)
    assert client_address(headers, "9.9.9.9", Proxies(NETWORKS, header), is_verified=False) == ("9.9.9.9", True)


def test_a_chain_in_several_lines_is_one_chain() -> None:
    lines = [(b"x-forwarded-for", b"6.6.6.6, 1.1.1.1"), (b"a", b"1"), (b"x-forwarded-for", b"10.0.0.7"), (b"a", b"2")]
    headers = read_headers(lines)
    assert headers == {b"x-forwarded-for": b"6.6.6.6, 1.1.1.1, 10.0.0.7", b"a": b"2"}
    assert client_address(headers, "10.1.2.3", PROXIES, is_verified=False) == ("1.1.1.1", True)


def test_the_keys_that_are_kept_are_bounded_and_a_secret_is_compared_by_its_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.auth.client_cache.MAX_KEPT", 3)
    registry = open_registry(read_settings({"EVENTLENS_HOME": str(tmp_path)}))
    project = create_project(registry, "p").project_id
    made = [create_client(registry, project, "write") for _ in range(10)]
    client_cache = ClientCache(registry)

    async def find_all() -> None:
        for client, secret in made:
            key = await client_cache.find(client.client_id)
            assert key is not None
            assert is_secret_of(key.client, secret)
            assert secret not in repr(vars(key.client))
            assert not is_secret_of(key.client, key.client.secret_hash)

    asyncio.run(find_all())
    registry.close()
    assert sum(client_cache.knows(client.client_id) for client, _ in made) <= 3
