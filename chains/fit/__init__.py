"""What a Fit learns from everybody's answers, and reads back; both engines use it."""

__all__: list[str] = []
