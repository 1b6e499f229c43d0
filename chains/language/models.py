"""The chat model that an engine asks, whoever provides it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError

from persona_db.chains.language.pricing import Price, about_tokens, price_of
from persona_db.chains.language.settings import Method, ModelSettings
from persona_db.graph.errors import ModelConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from langchain_core.language_models import BaseChatModel

    from persona_db.chains.calls import CallRecord
    from persona_db.chains.language.cache import CallCache
    from persona_db.chains.language.retry import RequestLimiter
    from persona_db.graph.session import Graph

__all__ = ["CALL_CACHE", "LanguageModel", "model_of", "open_model"]

_CONTEXT = 8_192
_LLAMA = "llama"
_CLASSES = {"ChatOpenAI": "openai", "AzureChatOpenAI": "azure_openai"}
_GRAMMAR = ("llama", "ollama")
"""Providers that make a grammar of the schema, which every token follows."""
CALL_CACHE = "calls.sqlite3"
"""The file below the cache folder that keeps what models answered."""


@dataclass(frozen=True)
class LanguageModel:
    """A chat model with its name, settings and price, its cache and the rate limiter that its requests pass."""

    name: str
    """`openai:gpt-4.1-mini`, `llama`, or the class of a chat model that was given."""
    chat: BaseChatModel = field(repr=False)
    settings: ModelSettings
    limiter: RequestLimiter = field(repr=False)
    price: Price | None = None
    """US dollars per million tokens; None where unknown."""
    cache: CallCache | None = field(default=None, repr=False)
    method: Method | None = None
    """How structure is asked for; None by words alone, where a model takes neither schema nor functions."""
    context_tokens: int = _CONTEXT
    """Tokens of prompt and answer together."""
    own_tokenizer: bool = False
    bound: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was made of the chat model once: for each output the model bound to it, and token counts of frames."""

    @property
    def provider(self) -> str:
        """`openai`, `llama` ...; of a chat model that was given, its class where that is not OpenAI's."""
        return _provider(self.name)

    @property
    def grammar(self) -> bool:
        """Whether the provider makes a grammar of the schema: its limits hold, and it costs no tokens."""
        return self.provider in _GRAMMAR

    @property
    def max_entries(self) -> int:
        """How many facts or traits one answer has room for."""
        return max(1, min(24, self.settings.max_tokens_out // 80))

    def count_tokens(self, text: str) -> int:
        """Return how many tokens *text* is: by the model's own tokenizer where it is at hand, else about."""
        return self.chat.get_num_tokens(text) if self.own_tokenizer else about_tokens(text)

    def cost(self, tokens_in: int, tokens_out: int) -> float | None:
        """Return US dollars for so many tokens, None where no price is known."""
        return None if self.price is None else self.price.cost(tokens_in, tokens_out)

    def recorded(self, calls: Iterable[CallRecord]) -> None:
        """Note in the cache that these calls are in the ledger."""
        if self.cache is not None:
            self.cache.record(call.answer for call in calls if call.answer is not None)


def open_model(
    model: str | BaseChatModel, *, settings: ModelSettings | None = None, cache: Path | None = None
) -> LanguageModel:
    """Return the model named (`openai:gpt-4.1-mini`, `llama`, `llama:/path.gguf`) or given.

    *cache* is the file that keeps its answers; without one every call is made. A chat model that is given keeps its own
    temperature, seed, timeout and limits. ModelConfigError names the package, extra or key that is missing.
    """
    from langchain_core.rate_limiters import InMemoryRateLimiter

    from persona_db.chains.language.retry import RequestLimiter

    asked = settings or ModelSettings()
    if isinstance(model, str):
        name, chat = model, _named(model, asked)
    else:
        name, chat = type(model).__name__, model
    rates = chat.rate_limiter
    if rates is None and asked.requests_per_second is not None:
        rate = asked.requests_per_second
        rates = InMemoryRateLimiter(
            requests_per_second=rate, check_every_n_seconds=min(0.1, 0.25 / rate), max_bucket_size=max(1.0, rate)
        )
    limiter = RequestLimiter(rates)
    kept: CallCache | None = None
    if cache is not None:
        from persona_db.chains.language.cache import CallCache

        kept = CallCache(cache, model=name, identity=_identity(name, chat, asked))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pydantic warns of fields a provider shadows
        chat = chat.model_copy(update={"rate_limiter": limiter, "cache": kept if kept is not None else False})
    provider = _provider(name)
    return LanguageModel(
        name=name,
        chat=chat,
        settings=asked,
        limiter=limiter,
        price=price_of(name) or price_of(f"{provider}:{getattr(chat, 'model_name', '')}"),
        cache=kept,
        method=asked.method or _method(provider, chat),
        context_tokens=asked.context_tokens or _profile_context(chat) or _CONTEXT,
        own_tokenizer=provider == _LLAMA,
    )


def _named(model: str, settings: ModelSettings) -> BaseChatModel:
    provider, _, rest = model.partition(":")
    if provider == _LLAMA:
        from persona_db.chains.language.llama import llama_model

        return llama_model(Path(rest).expanduser() if rest else None, settings)
    if not rest:
        raise ModelConfigError(
            f"model {model!r} names no provider; write provider:model, such as openai:gpt-4.1-mini, or llama"
        )
    from langchain.chat_models import init_chat_model

    try:
        opened: BaseChatModel = init_chat_model(rest, model_provider=provider, **_arguments(provider, settings))
    except ImportError as exc:
        extra = provider if provider in ("anthropic", "ollama") else None
        remedy = f"pip install 'persona-db[{extra}]'" if extra else f"pip install {exc.name or 'its LangChain package'}"
        raise ModelConfigError(f"model {model!r} needs a package that is not installed: {remedy}") from exc
    except (ValueError, ValidationError) as exc:
        raise ModelConfigError(f"model {model!r} can't be opened: {_first_line(exc)}") from None
    except Exception as exc:
        if "api_key" not in str(exc).casefold():
            raise
        raise ModelConfigError(
            f"model {model!r} needs a key: set {provider.upper()}_API_KEY in the environment"
            + (" (and OPENAI_BASE_URL for another server)" if provider == "openai" else "")
        ) from None  # the provider's error may quote the key
    return opened


def _arguments(provider: str, settings: ModelSettings) -> dict[str, Any]:
    """Return the settings under the names of the provider's chat model."""
    if provider == "ollama":
        return {
            "temperature": settings.temperature,
            "seed": settings.seed,
            "num_predict": settings.max_tokens_out,
            "num_ctx": settings.context_tokens or _CONTEXT,
            "client_kwargs": {"timeout": settings.timeout_s},
        }
    common: dict[str, Any] = {
        "temperature": settings.temperature,
        "timeout": settings.timeout_s,
        "max_tokens": settings.max_tokens_out,
        "max_retries": 0,  # `retry.sending` tries again
    }
    if provider in ("openai", "azure_openai", "mistralai"):
        common["seed"] = settings.seed
    return common


def _provider(name: str) -> str:
    return _CLASSES.get(name) or name.split(":", 1)[0]


def _method(provider: str, chat: BaseChatModel) -> Method | None:
    from langchain_core.language_models import BaseChatModel

    if provider in ("openai", "azure_openai", *_GRAMMAR):
        name = str(getattr(chat, "model_name", ""))
        return "function_calling" if name == "gpt-4" or name.startswith(("gpt-3", "gpt-4-")) else "json_schema"
    profile = chat.profile or {}
    if profile.get("structured_output"):
        return "json_schema"
    return "function_calling" if type(chat).bind_tools is not BaseChatModel.bind_tools else None


def _profile_context(chat: BaseChatModel) -> int | None:
    return (chat.profile or {}).get("max_input_tokens") or None


def _identity(name: str, chat: BaseChatModel, settings: ModelSettings) -> str:
    """Return what distinguishes equal prompts: model, address and the settings that change answers.

    A model that runs in this process listens at another port each time, so its address does not count.
    """
    client = getattr(chat, "root_client", None)  # OpenAI's: it knows OPENAI_BASE_URL
    address = "" if name.startswith(_LLAMA) else str(getattr(client or chat, "base_url", ""))
    given = {} if ":" in name or name == _LLAMA else _public(chat)
    called = str(getattr(chat, "model_name", ""))
    return repr(
        (name, called, address, settings.temperature, settings.seed, settings.max_tokens_out, sorted(given.items()))
    )


def _public(chat: BaseChatModel) -> dict[str, str]:
    """The settings of a chat model that was given, without secrets."""
    return {
        key: str(value)
        for key, value in chat.asdict().items()
        if key != "_type" and not isinstance(value, SecretStr) and "key" not in key.casefold()
    }


def _first_line(exc: Exception) -> str:
    if isinstance(exc, ValidationError):
        problem = exc.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
    return str(exc).splitlines()[0] if str(exc) else type(exc).__name__


def model_of(graph: Graph, model: str | BaseChatModel | LanguageModel, settings: ModelSettings | None) -> LanguageModel:
    """Return the model opened; its answers are cached in the folder that the graph's settings name."""
    if isinstance(model, LanguageModel):
        return model
    return open_model(model, settings=settings, cache=graph.settings.cache_dir / CALL_CACHE)
