"""The door for analysts and web pages: it authenticates SQL users, checks their questions, and passes them on to the
server.
"""
