"""The systems, a module each; every one imports its own package and runs where that is installed."""

__all__: list[str] = []
