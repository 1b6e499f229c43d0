"""What is learned from everybody; both engines stand on it."""

__all__: list[str] = []
