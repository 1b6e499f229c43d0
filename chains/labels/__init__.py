"""Readable names of questions, answers and sides of a scale.

They are given by a source, a person or a model, or made by rule.
"""

__all__: list[str] = []
