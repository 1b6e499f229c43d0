"""From histories to personas in the graph: the driver of both engines, and what it reads and writes."""

__all__: list[str] = []
