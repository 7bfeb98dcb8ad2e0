"""The routes of the query API: they read a request, ask its question and answer errors."""
