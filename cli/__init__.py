"""The command line: it imports every application, and no application imports it."""
