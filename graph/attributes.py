"""What attributes of people are called: `PARTY=R` is stored, and `Party: R` is read."""

from __future__ import annotations

__all__ = ["attribute_label", "value_label"]


def attribute_label(name: str) -> str:
    """Return what an attribute is called, as the captions of cache keys in the graph say it too.

    >>> attribute_label("AGE_GROUP")
    'Age group'
    """
    return name.replace("_", " ").capitalize()


def value_label(name: str, kind: str | None) -> str:
    """Return what a value is called: an attribute as `Party: R`, any other value by its name.

    >>> value_label("PARTY=R", "demographic")
    'Party: R'
    """
    attribute, equals, value = name.partition("=")
    return f"{attribute_label(attribute)}: {value}" if kind == "demographic" and equals else name
