"""Graph-retrieved prediction."""

__all__: list[str] = []
