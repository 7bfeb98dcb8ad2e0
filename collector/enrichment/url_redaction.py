"""Masks secrets in addresses: values whose name or shape marks them as secret become `***`."""

import re
from typing import Any

from collector.enrichment.sensitive_parameters import is_secret_name

MASK = "***"
CONTAINERS = frozenset({dict, list})
SHORTEST_WITH_SECRET = len("#key=ab")

# Names and the marks around them may be escaped, once or more: an address within an address.
_NAMED = re.compile(
    r"(^|[?&#;/]|%(?:25)*(?:3F|26|23|3B|2F))((?:[\w.~\-\[\]]|%(?:25)*5[BD]){1,80})(=|%(?:25)*3D)", re.IGNORECASE
)
_VALUE = re.compile(r'(?:[^&#;\s"<>]|;(?![\w.~\-\[\]]{1,80}=))+')
_NESTED_VALUE = re.compile(r'(?:[^&#;%\s"<>]|%(?!(?:25)*2[36])|;(?![\w.~\-\[\]]{1,80}=))+')
# Where a word begins, which may be right after an escape.
_BEGIN = r"(?:(?<![\w.+-])(?!(?<=%)[0-9A-Fa-f]{2})|(?<=%[0-9A-Fa-f]{2})(?<!%2[Bb]))"
_JWT = re.compile(_BEGIN + r"eyJ[\w-]{8,}(?:\.[\w-]*){2,4}")
# `logo@2x.png` and `react@18.2.0` are not mail addresses.
_EMAIL = re.compile(
    _BEGIN + r"(?:[\w.+-]|%2B){1,256}(?:@|%(?:25)*40)(?!\dx\.)(?:[\w-]{1,63}\.){1,8}(?:xn--[\w-]{1,59}|[^\W\d_]{2,24})",
    re.IGNORECASE,
)
_USER = re.compile(r"(?<=://)[^/?#@\s]{1,512}@")
_WORD = re.compile(r"\S+")


def mask_secrets(text: str) -> str:
    """Return `text`, which is a part of an address or contains addresses, with its secrets masked."""
    if "=" in text or "%" in text:
        text = _without_named(text)
    if "eyJ" in text:
        text = _JWT.sub(MASK, text)
    if "@" in text or "40" in text:
        text = _EMAIL.sub(MASK, text)
    return text


def mask_properties(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the same properties, with the secrets in their addresses masked."""
    for value in properties.values():
        if type(value) is str:
            if may_hold_secret(value):
                return {key: mask_addresses_in(below) for key, below in properties.items()}
        elif type(value) in CONTAINERS:
            return {key: mask_addresses_in(below) for key, below in properties.items()}
    return properties


def mask_addresses_in(value: Any) -> Any:
    """Return a property's value with the secrets in its addresses masked, at every depth; other texts are unchanged."""
    kind = type(value)
    if kind is str:
        return _mask_words(value) if may_hold_secret(value) else value
    if kind is dict:
        return {key: mask_addresses_in(below) for key, below in value.items()}
    if kind is list:
        return [mask_addresses_in(below) for below in value]
    return value


def may_hold_secret(text: str) -> bool:
    """Return whether `text` has one of the signs that every address with a secret has; most texts have none."""
    return len(text) >= SHORTEST_WITH_SECRET and ("=" in text or "@" in text or "%" in text or "eyJ" in text)


def _mask_words(text: str) -> str:
    return _WORD.sub(lambda word: _mask_word(word[0]), text)


def _mask_word(word: str) -> str:
    if "://" in word:
        return mask_secrets(_USER.sub("", word))
    is_address = word[0] in "/?#" or ("?" in word and "=" in word) or word[:7].lower() == "mailto:"
    return mask_secrets(word) if is_address else word


def _without_named(text: str) -> str:
    pieces: list[str] = []
    begin = 0
    for found in _NAMED.finditer(text):
        if found.start() < begin or not is_secret_name(found[2]):
            continue
        is_nested = found[1].startswith("%") or found[3] != "="
        value = (_NESTED_VALUE if is_nested else _VALUE).match(text, found.end())
        if value:
            pieces += text[begin : found.end()], MASK
            begin = value.end()
    return "".join((*pieces, text[begin:])) if pieces else text
