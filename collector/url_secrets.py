"""Secrets in addresses: values that are one by their name or by their shape become `***`."""

import re

MASK = "***"

_NAMED = re.compile(
    r"((?:^|[?&#;])(?:[\w.-]{0,40}[_.-])?"
    r"(?:token|password|passwd|pwd|secret|code|key|apikey|auth|signature|sig|jwt|otp|session|sid|email)=)[^&#;\s\"]+",
    re.IGNORECASE,
)
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
# The lookbehind keeps a long word without an @ from being tried at each of its letters.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}(?:@|%40)[\w-]+\.[\w.-]+", re.IGNORECASE)


def mask_secrets(text: str) -> str:
    """`text`, a query or a fragment or a text that holds some, without the secrets in it."""
    if "=" in text:
        text = _NAMED.sub(rf"\1{MASK}", text)
    if "eyJ" in text:
        text = _JWT.sub(MASK, text)
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(MASK, text)
    return text
