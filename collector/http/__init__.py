"""HTTP: reads requests, passes their events on, and answers."""
