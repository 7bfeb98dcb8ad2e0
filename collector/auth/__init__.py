"""Authorisation: decides whether a request may send to a project, and how much."""
