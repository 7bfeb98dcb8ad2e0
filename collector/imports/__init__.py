"""Imports the history of other tools: turns their files into the raw rows that the collector writes, too."""
