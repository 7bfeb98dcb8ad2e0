"""Simulated traffic: realistic visitors, reproducible by a seed, whose events are sent over HTTP as browsers and
servers send them.
"""
