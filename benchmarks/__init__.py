"""How fast and how big: measured apart from the tests, with fixed seeds. `make bench` runs all of it."""
