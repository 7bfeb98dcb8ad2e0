"""Simulated traffic: believable visitors, the same for the same seed, sent over HTTP as browsers and servers would."""
