"""The door for analysts and web pages: it knows SQL users, judges what they ask, and passes it on to the server."""
