"""The event contract: the wire's events and operations, the raw rows, and the limits of both."""
