"""HTTP: reads requests, hands their events on and answers."""
