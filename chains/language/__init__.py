"""The language-model engine: distil, induce, key and predict by any chat model."""

__all__: list[str] = []
