"""Segments: groups of people who answer alike, learned with a Fit, stored beside it and read from it."""

__all__: list[str] = []
