"""What of an address is a secret, as data; and that no secret of a URL reaches a row."""

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.enrichment.sensitive_parameters import is_secret_name
from collector.enrichment.url import split_url
from collector.enrichment.url_redaction import mask_properties, mask_secrets
from event_lens.contract.parse import Envelope, parse
from tests.unit.collector.enrichment.test_row_builder import source

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
JWE = "eyJhbGciOiJkaXIifQ..48V1_ALb6US04U3b.5eym8TW_c8SuK0lt.XFBoMYUZodetZdvT"

KEPT_APART = [
    ("token=abc&page=2", "token=***&page=2"),
    ("page=2&access_token=abc", "page=2&access_token=***"),
    ("Password=a%20b;x=1", "Password=***;x=1"),
    ("password=ab;cd&x=1", "password=***&x=1"),
    ("password=a'b&x=1", "password=***&x=1"),
    ("api_key=1&code=2&sig=3", "api_key=***&code=***&sig=***"),
    ("user[password]=a&user%5Bpassword%5D=b&z=1", "user[password]=***&user%5Bpassword%5D=***&z=1"),
    ("X-Amz-Signature=a&X-Amz-Date=b", "X-Amz-Signature=***&X-Amz-Date=b"),
    ("비밀번호=abc&쪽=2", "비밀번호=***&쪽=2"),
    ("user=someone@example.com&b=1", "user=***&b=1"),
    ("user=someone%40example.com", "user=***"),
    ("user=some%2Btag%40example.co.uk&b=1", "user=***&b=1"),
    ("user=ädä@bücher.example", "user=***"),
    ("back=%3Fada%40example.com", "back=%3F***"),
    (f"next={JWT}", "next=***"),
    (f"next={JWE}&a=1", "next=***&a=1"),
    (f"back=%2Fa%3Fnext%3D{JWT}", "back=%2Fa%3Fnext%3D***"),
    # An address within an address, escaped once and twice.
    ("back=https://a.example/?token=abc&b=2", "back=https://a.example/?token=***&b=2"),
    ("back=https%3A%2F%2Fa%2F%3Ftoken%3Dabc%26x%3D1&b=2", "back=https%3A%2F%2Fa%2F%3Ftoken%3D***%26x%3D1&b=2"),
    ("back=%252F%252Fa%253Ftoken%253Dabc%2526x%253D1", "back=%252F%252Fa%253Ftoken%253D***%2526x%253D1"),
    ("back=%23access_token%3Dabc%26state%3D1", "back=%23access_token%3D***%26state%3D1"),
    # Texts without a secret.
    ("zipcode=1&monkey=1&keyword=tea&promo_code=MAY", "zipcode=1&monkey=1&keyword=tea&promo_code=MAY"),
    ("gclid=x&utm_source=news&token_type=bearer", "gclid=x&utm_source=news&token_type=bearer"),
    ("img=logo@2x.png&v=react@18.2.0", "img=logo@2x.png&v=react@18.2.0"),
    ("q=eyJ&f=eyJhIjoxfQ", "q=eyJ&f=eyJhIjoxfQ"),
    ("token=", "token="),
    ("", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kept"), KEPT_APART)
def test_a_secret_is_masked_and_the_rest_is_kept(text: str, kept: str) -> None:
    assert mask_secrets(text) == kept


@pytest.mark.parametrize("name", [
    "token", "accessToken", "access-token", "resettoken", "id_token", "csrfToken", "tokenId", "password", "Passwd",
    "pwd", "password2", "passwordConfirmation", "new_password", "secret", "client_secret", "clientSecret", "api_key",
    "apikey", "APIKey", "AWSAccessKeyId", "key", "private-key", "code", "auth_code", "verificationCode", "invite_code",
    "auth", "signature", "sig", "jwt", "otp", "session", "sid", "PHPSESSID", "JSESSIONID", "email", "e-mail",
    "ip", "client_ip", "user.email", "user%255Bpassword%255D", "contraseña", "密码",
])  # fmt: skip
def test_a_name_of_a_secret_is_known_in_every_spelling(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", [
    "zipcode", "zip_code", "countryCode", "promo_code", "coupon-code", "status_code", "keyword", "keywords", "monkey",
    "sortKey", "cache_key", "author", "page", "passenger", "compass", "zip", "pinned", "side", "signal", "tokenize",
    "token_type", "encode", "codec", "q", "id", "utm_source", "gclid", "", "***", "%",
])  # fmt: skip
def test_a_name_that_only_looks_like_a_secrets_name_is_not_one(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("url", "path", "query", "fragment"),
    [
        (f"https://example.com/reset?token=abc&a=1#id_token={JWT}", "/reset", "token=***&a=1", "id_token=***"),
        ("https://example.com/#access_token=abc&state=x", "/", "", "access_token=***&state=x"),
        ("https://example.com/#/login?code=abc", "/", "", "/login?code=***"),
        ("https://example.com/users/ada@example.com/edit", "/users/***/edit", "", ""),
        ("https://example.com/users/ada%40example.com", "/users/***", "", ""),
        (f"https://example.com/verify/{JWT}", "/verify/***", "", ""),
        ("https://example.com/a;jsessionid=0A1B?x=1", "/a;jsessionid=***", "x=1", ""),
        ("/users/ada@example.com?x=1", "/users/***", "x=1", ""),
        ("Profile of ada@example.com", "Profile of ***", "", ""),
        ("https://example.com/img/logo@2x.png", "/img/logo@2x.png", "", ""),
    ],
)
def test_every_part_of_a_url_loses_its_secrets(url: str, path: str, query: str, fragment: str) -> None:
    found = split_url(url)
    assert (found.path, found.query, found.hash) == (path, query, fragment)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("https://out.example/a?token=abc&b=1", "https://out.example/a?token=***&b=1"),
        ("https://ada:pw@out.example/a", "https://out.example/a"),
        ("/reset?code=abc#x", "/reset?code=***#x"),
        ("#access_token=abc", "#access_token=***"),
        ("www.out.example/?key=abc", "www.out.example/?key=***"),
        ("mailto:ada@example.com?subject=hi", "mailto:***?subject=hi"),
        ("at https://a.example/?sig=abc by ada@example.com", "at https://a.example/?sig=*** by ada@example.com"),
        ({"all": [{"u": "https://out.example/?otp=1"}, 7]}, {"all": [{"u": "https://out.example/?otp=***"}, 7]}),
        # A property that is not an address was sent by the site on purpose.
        ("ada@example.com", "ada@example.com"),
        ("token=abc", "token=abc"),
        (JWT, JWT),
        ("50% off @ noon", "50% off @ noon"),
        (1.5, 1.5),
    ],
)  # fmt: skip
def test_of_properties_only_addresses_lose_their_secrets(value: Any, kept: Any) -> None:
    assert mask_properties({"plan": "pro", "value": value}) == {"plan": "pro", "value": kept}


def test_properties_without_secrets_are_not_even_copied() -> None:
    properties = {"plan": "pro", "href": "https://example.com/a/b", "count": 7, "is_new": True}
    assert mask_properties(properties) is properties


def test_no_column_of_a_row_holds_a_secret_of_its_addresses() -> None:
    secret = "hunter2hunter2"
    url = f"https://ada:{secret}@shop.example/u/ada.lovelace@example.com/{JWT}?a=1&token={secret}#id_token={secret}"
    payloads: list[tuple[str, dict[str, Any]]] = [
        ("track", {"name": "screen_view", "path": url, "referrer": url, "properties": {"deep": [{"u": url}]}}),
        ("track", {"name": "link_out", "properties": {"__path": url, "__referrer": url, "search": f"?token={secret}"}}),
        ("track", {"name": "a", "revenue": 7, "origin": url, "properties": {"href": url}}),
        ("track", {"name": "a", "path": f"/go?to={url}", "properties": {}}),
        ("identify", {"profileId": "p", "avatar": url, "properties": {"site": url}}),
        ("group", {"id": "g", "type": "t", "name": "n", "properties": {"site": url}}),
    ]  # fmt: skip
    for kind, payload in payloads:
        made = source().row(parse(Envelope(kind, payload)))  # type: ignore[arg-type]
        text = msgspec.json.encode(made).decode()
        assert "***" in text
        for hidden in (secret, JWT, "ada.lovelace@example.com"):
            assert hidden not in text, (kind, text)


HOSTILE = ["a" * 200_000 + "@", "token" * 40_000, "eyJ" * 60_000, "=-" * 100_000, "a.b@" * 50_000, "%25" * 60_000,
           "a%2B" * 50_000, ";a" * 100_000, "&token=" * 30_000, "%ad" * 60_000, "token=;a" * 30_000,
           "a@" + "b." * 90_000, "://" * 60_000]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: text[:8])
def test_hostile_text_takes_no_longer_than_its_length(hostile: str) -> None:
    started = time.process_time()
    mask_secrets(f"{hostile}=@")
    mask_properties({"href": f"a://{hostile}=@"})
    assert time.process_time() - started < 2


@given(st.text(alphabet="?&#;=%@./:-_ab3FD2526token", max_size=60))
def test_masking_a_masked_text_changes_nothing(text: str) -> None:
    once = mask_secrets(text)
    assert mask_secrets(once) == once
