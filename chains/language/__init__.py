"""The language-model engine: distil, induce, key and predict by any chat model.

Nothing is imported here, so that whoever does not ask for a model does not pay for one.
"""

__all__: list[str] = []
