"""Names of parameters whose values are secret, recognised by their words: `accessToken`, `user[password]`."""

import re
from functools import lru_cache
from urllib.parse import unquote

SECRET_WORDS = frozenset((
    "accesskey", "apikey", "auth", "authcode", "authkey", "authorization", "bearer", "clave", "contraseña",
    "credential", "credentials", "email", "emailaddress", "ip", "ipaddress", "jwt", "kennwort", "mail", "mdp", "mfa",
    "otp", "pass", "passcode", "passphrase", "passwd", "passwort", "pin", "privatekey", "pw", "pwd", "secretkey",
    "senha", "sessid", "session", "sessionid", "sid", "sig", "signature", "totp", "비밀번호", "암호", "이메일", "토큰",
    "パスワード", "密码", "密碼",
))  # fmt: skip
SECRET_ENDINGS = ("token", "tokens", "password", "secret", "sessid", "sessionid")
"""Endings that are written together with the word before, as in `resettoken`."""

HARMLESS_BEFORE = {
    "code": frozenset((
        "affiliate", "airport", "area", "campaign", "carrier", "color", "colour", "country", "coupon", "currency",
        "dial", "discount", "error", "exit", "http", "item", "lang", "language", "locale", "offer", "partner",
        "post", "postal", "product", "promo", "promotion", "qr", "ref", "referral", "region", "response", "shop",
        "source", "state", "station", "status", "store", "zip", "zone",
    )),
    "key": frozenset((
        "cache", "column", "filter", "foreign", "group", "hot", "i18n", "menu", "order", "partition", "primary",
        "search", "shortcut", "sort", "tab", "translation",
    )),
}  # fmt: skip
"""Words that mark a secret alone and after other words, but not after these."""

TAILS = frozenset(("again", "confirm", "confirmation", "hash", "id", "new", "old", "repeat", "value", "verifier"))
"""Words that may follow the name of a secret and specify it."""

_WORD = re.compile(r"[^\W\d_a-z]+(?![a-z])|[^\W\d_]?[^\W\d_A-Z]+|[^\W\d_]+")


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Return whether `name` names a secret; it may be percent-escaped up to four times over."""
    for _ in range(4):
        if "%" not in name:
            break
        name = unquote(name)
    words = [word.lower() for word in _WORD.findall(name)]
    while len(words) > 1 and words[-1] in TAILS:
        words.pop()
    if not words:
        return False
    last = words[-1]
    if last in HARMLESS_BEFORE:
        return len(words) == 1 or words[-2] not in HARMLESS_BEFORE[last]
    return last in SECRET_WORDS or last.endswith(SECRET_ENDINGS) or "".join(words[-2:]) in SECRET_WORDS
