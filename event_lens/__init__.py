"""The shared core of Event Lens: contract, warehouse, registry, settings. It imports none of the applications."""

__version__ = "0.1.0"
