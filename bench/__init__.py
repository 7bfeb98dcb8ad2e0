"""Measurements, run by `make bench`. They are not tests."""
