"""The sender's name and password, read from every place where a ClickHouse client puts them."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import NamedTuple

from chdb_server.guard.failure import AUTHENTICATION_FAILED, StatementError, failure

NO_AUTHORIZATION = "never"


class Credentials(NamedTuple):
    """The name and the password of a request; both may be empty."""

    user: str
    password: str


def read_credentials(headers: Mapping[str, str], fields: Mapping[str, str]) -> Credentials:
    """Return the credentials in ClickHouse's headers, else in basic authorization, else in the URL. Raises
    `StatementError` for an authorization that cannot be read.

    ClickHouse's own page sends the word `never` in place of an authorization, to keep browsers from asking for a
    password.
    """
    if "x-clickhouse-user" in headers or "x-clickhouse-key" in headers:
        return Credentials(headers.get("x-clickhouse-user", ""), headers.get("x-clickhouse-key", ""))
    if headers.get("authorization", NO_AUTHORIZATION) != NO_AUTHORIZATION:
        kind, _, encoded = headers["authorization"].partition(" ")
        try:
            user, colon, password = b64decode(encoded, validate=True).decode().partition(":")
        except (Base64Error, UnicodeDecodeError) as error:
            raise unknown_user("?") from error
        if kind.lower() != "basic" or not colon:
            raise unknown_user(kind)
        return Credentials(user, password)
    return Credentials(fields.get("user", ""), fields.get("password", ""))


def unknown_user(user: str) -> StatementError:
    """Return the error for both an unknown name and a wrong password, so that the answers do not differ."""
    return failure(
        AUTHENTICATION_FAILED,
        "AUTHENTICATION_FAILED",
        f"{user or 'no user'}: Authentication failed: password is incorrect, or there is no user with such name. "
        "Analysts are `analyst`, or users of `eventlens sql-user create`.",
    )
