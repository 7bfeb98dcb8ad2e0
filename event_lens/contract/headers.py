"""The headers in which a client says who it is, the first that is there counting: OpenPanel's, ours, the oldest."""

CLIENT_PREFIXES = ("openpanel-client", "event-lens-client", "mixan-client")
