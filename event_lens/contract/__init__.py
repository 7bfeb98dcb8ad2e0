"""The event contract: what comes over the wire, what a raw row is, and the limits of both."""
