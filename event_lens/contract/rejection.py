"""The one error that parsing raises."""

from event_lens.errors import Refused


class Rejection(Refused):
    """An event or operation that can never be accepted; it goes to quarantine with `code` and `message`.

    `raw` holds the item's own bytes if the item belongs to a batch that could not be read as a whole.
    """

    code = "rejected"

    def __init__(self, message: str, *, code: str, raw: bytes = b"") -> None:
        super().__init__(message, code=code)
        self.raw = raw
