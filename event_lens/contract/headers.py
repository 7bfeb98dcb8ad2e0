"""The headers in which a client names itself, in the order in which they count: OpenPanel's, ours, the oldest."""

CLIENT_PREFIXES = ("openpanel-client", "event-lens-client", "mixan-client")
