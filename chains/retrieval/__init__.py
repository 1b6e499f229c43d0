"""JOIN and recall: who shares values with a user, and the items that a prediction reads."""

__all__: list[str] = []
