"""The routes of the query API: what a request says, which question it asks, how an error is answered."""
