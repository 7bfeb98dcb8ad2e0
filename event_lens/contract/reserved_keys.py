"""Keys of payloads and properties that have a meaning, and the field that each of them fills."""

COMMON_KEYS = frozenset(
    {"name", "properties", "profileId", "groups", "deviceId", "sessionId", "timestamp", "messageId"}
)
REMOVED = "removed"
_REMOVED_KEYS = ("id", "projectId", "deviceId", "sessionId", "timestamp", "clientId", "clientSecret")

_CAMEL_CASE = {
    "utmSource": "utm_source",
    "utmMedium": "utm_medium",
    "utmCampaign": "utm_campaign",
    "utmTerm": "utm_term",
    "utmContent": "utm_content",
    "os": "os",
    "osVersion": "os_version",
    "browser": "browser",
    "browserVersion": "browser_version",
    "device": "device",
    "brand": "brand",
    "model": "model",
    "country": "country",
    "region": "region",
    "city": "city",
    "latitude": "latitude",
    "longitude": "longitude",
}
_PAGE = {name: name for name in ("path", "origin", "referrer", "title", "language")}
_PLAIN = _PAGE | {"search": "search", "screenWidth": "screen_width", "screenHeight": "screen_height"}

# Keys of a `track` payload besides the common ones.
TRACK_KEYS = _PAGE | _CAMEL_CASE

# Reserved property keys: the field that each fills, or `REMOVED`.
RESERVED_KEYS = {f"__{key}": field for key, field in (_PLAIN | _CAMEL_CASE).items()} | _PLAIN
RESERVED_KEYS |= {
    "__timestamp": "timestamp",
    "__deviceId": "device_id",
    "__ip": "address",
    "__revenue": "revenue",
    "__currency": "currency",
}
RESERVED_KEYS |= dict.fromkeys(_REMOVED_KEYS, REMOVED)

PLACE_FIELDS = frozenset({"country", "region", "city", "latitude", "longitude"})
TRUSTED_ONLY_FIELDS = PLACE_FIELDS | {"revenue", "currency"}
INTEGER_FIELDS = frozenset({"screen_width", "screen_height"})
LONG_FIELDS = frozenset({"origin", "title"})
URL_FIELDS = frozenset({"path", "referrer", "search"})

# Reserved keys that mean a field for every sender and every value.
OVERRIDE_KEYS = {
    key: field for key, field in RESERVED_KEYS.items() if key.startswith("__") and field not in TRUSTED_ONLY_FIELDS
}

# The ones among them that fill a text column.
TEXT_KEYS = {
    key: field
    for key, field in OVERRIDE_KEYS.items()
    if field not in INTEGER_FIELDS and field not in {"address", "device_id", "timestamp", REMOVED}
}
