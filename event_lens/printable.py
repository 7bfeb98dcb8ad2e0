"""Makes text that others wrote, such as names of events, safe to show in a terminal."""


def printable(text: str) -> str:
    """Return `text` with all that would steer a terminal escaped (`\\x1b`); lines stay lines."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)
