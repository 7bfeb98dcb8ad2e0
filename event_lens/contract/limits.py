"""Limits of the event contract: beyond a limit an event is refused, or a text is cut."""

MAX_BODY_BYTES = 1_048_576  # a request, on the wire and after decompression
MAX_BATCH_EVENTS = 100
MAX_NAME_LENGTH = 255  # characters: event names, property names of increments, group types and names
MAX_ID_LENGTH = 1_024  # characters: device, profile, session and group ids; a longer one is refused, cut it would merge
MAX_GROUPS = 100
MAX_TEXT_LENGTH = 2_048  # characters: paths, queries, titles, referrers; longer ones are cut
MAX_URL_LENGTH = 8_192  # characters read of a URL before it is taken apart and its parts are cut
MAX_WORD_LENGTH = 255  # characters: names of browsers, places, campaigns, SDKs, ...; longer ones are cut
MAX_USER_AGENT_LENGTH = 1_024  # characters; longer ones are cut

MAX_PROPERTIES_BYTES = 32_768  # as compact JSON
MAX_PROPERTIES_DEPTH = 32  # objects and arrays within each other, the properties themselves being the first
MAX_PROPERTIES_KEYS = 1_024  # over all levels
MAX_PROPERTIES_PATHS = 65_536  # characters of all dotted paths together: the warehouse writes each of them out

MAX_FUTURE_MS = 60_000  # an event dated later than this after its receipt gets its receive time
MAX_REVENUE = 10**14  # exclusive: Decimal(18, 4)
MAX_OPERATION_VALUE = 10**18  # inclusive: leaves a Decimal(38, 9) room for the sum of a billion of them
