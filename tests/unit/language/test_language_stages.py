"""A language model's stages as Runnables: how many calls run at once, and in whose run."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from time import sleep

import pytest
from langchain_core.messages import BaseMessage

from persona_db.chains.language.engine import LanguageEngine
from persona_db.chains.language.models import open_model
from persona_db.chains.language.settings import ModelSettings
from persona_db.chains.runnables.stages import Distil
from tests.unit.language.scripted import Scripted, does_as_told, person


class Crowd:
    """A script that counts how many calls are under way at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running = self.most = 0

    def __call__(self, messages: Sequence[BaseMessage]) -> str:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
        sleep(0.05)
        with self._lock:
            self._running -= 1
        return does_as_told(messages)


@pytest.mark.parametrize(("concurrency", "max_concurrency", "most"), [(6, 2, 2), (2, None, 2), (2, 6, 2), (5, None, 5)])
def test_as_many_calls_run_at_once_as_settings_and_config_allow(
    concurrency: int, max_concurrency: int | None, most: int
) -> None:
    """The lower of the model's `concurrency` and the config's `max_concurrency`, and no less where there is work."""
    crowd = Crowd()
    model = open_model(Scripted(script=crowd), settings=ModelSettings(concurrency=concurrency))
    config = {} if max_concurrency is None else {"max_concurrency": max_concurrency}
    made = Distil(engine=LanguageEngine(model)).batch([person(f"u{n}") for n in range(12)], config)  # type: ignore[arg-type]
    assert [one.user for one in made] == [f"u{n}" for n in range(12)]
    assert crowd.most == most
