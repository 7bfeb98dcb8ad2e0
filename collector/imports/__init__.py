"""Imports history of other tools: turns their files into the same raw rows that the collector writes."""
