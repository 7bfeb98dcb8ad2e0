"""Sign-in tokens: a token opens one session on this machine, only once and only within minutes.

A token is stored as a file named by the token's hash, so nobody can sign in with the files of the home.
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

FOLDER = "sign-in"
VALID_MS = 15 * 60_000


@dataclass(frozen=True)
class Grant:
    """The session that a token opens until `expires_at` (epoch ms): one project, or all projects of the home where
    `project_id` is None.
    """

    project_id: str | None
    expires_at: int


def create_token(home: Path, project_id: str | None, now_ms: int) -> str:
    """Return a new token for a session over `project_id`, or over all projects of the home (None). Raises `OSError`."""
    folder = home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    _remove_expired(folder, now_ms)
    token = secrets.token_urlsafe(32)
    written = msgspec.json.encode(Grant(project_id, now_ms + VALID_MS))
    with os.fdopen(os.open(_path(folder, token), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(written)
    return token


def redeem_token(home: Path, token: str, now_ms: int) -> Grant | None:
    """Use up `token` and return its grant; None when the token was used before, has expired or never existed."""
    path = _path(home / FOLDER, token)
    try:
        grant = _read(path)
        # Of two requests with the same token, only one removes the file.
        path.unlink()
    except FileNotFoundError:
        return None
    return grant if grant is not None and now_ms < grant.expires_at else None


def _path(folder: Path, token: str) -> Path:
    return folder / sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _read(path: Path) -> Grant | None:
    """Return the grant in a file; None for a file that a crash left incomplete."""
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(path.read_bytes(), type=Grant)
    return None


def _remove_expired(folder: Path, now_ms: int) -> None:
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            grant = _read(path)
            if grant is None or now_ms >= grant.expires_at:
                path.unlink()
