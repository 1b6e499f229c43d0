"""Tests; `tests.synthetic` makes the people that several of them ask."""
