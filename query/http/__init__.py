"""The routes of the query API: each reads a request and answers its question, or answers with an error."""
