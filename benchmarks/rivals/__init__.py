"""Other memories of people, each by its own package, beside persona-db: `python -m benchmarks.rivals`.

Each system runs in a process of its own, with the packages that it needs and no others; what runs there imports
nothing of persona-db, and of this folder only `task`, `rival`, `measure`, `child` and `systems`.
"""

from benchmarks.rivals.measure import Measured, measure
from benchmarks.rivals.rival import Rival, TooSlowError, Tried
from benchmarks.rivals.task import Item, Probe, Question, Task

__all__ = ["Item", "Measured", "Probe", "Question", "Rival", "Task", "TooSlowError", "Tried", "measure"]
