"""The same as LangChain Runnables."""

__all__: list[str] = []
