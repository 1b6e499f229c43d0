"""The chat model that an engine asks, whoever provides it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from persona_db.chains.language.pricing import Price, about_tokens, price_of
from persona_db.chains.language.settings import Method, ModelSettings
from persona_db.graph.call_file import CALLS
from persona_db.graph.errors import ModelConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from langchain_core.language_models import BaseChatModel, LanguageModelLike
    from langchain_core.runnables import RunnableConfig

    from persona_db.chains.calls import CallRecord
    from persona_db.chains.language.cache import CallCache
    from persona_db.chains.language.retry import RequestLimiter
    from persona_db.graph.session import Graph

__all__ = ["LONGER", "NEW_LIMIT", "LanguageModel", "model_of", "open_model"]

_CONTEXT = 8_192
_LLAMA = "llama"
_CLASSES = {"ChatOpenAI": "openai", "AzureChatOpenAI": "azure_openai"}
_METHODS: tuple[Method, ...] = ("json_schema", "function_calling", "json_mode", "text")
NEW_LIMIT, LONGER = "max_completion_tokens", "longer answers"
"""What a provider may refuse beside methods and settings."""
_LIMITS = ("max_tokens", "num_predict", "max_output_tokens")
"""What providers' chat models call the tokens of an answer."""
_MOST_OUT, _UNKNOWN = 16_384, 32_768
"""Tokens that an answer may have at most where nobody set fewer, and those of a context that nobody named."""
_GRAMMAR = ("llama", "ollama")
"""Providers that make a grammar of the schema, which every token follows."""


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
    methods: tuple[Method, ...] = ("text",)
    """How structure can be asked for, best first."""
    optional: tuple[str, ...] = ()
    """Settings that nobody chose: a request goes without one that the provider refuses."""
    most_tokens_out: int = 0
    """How long answers may become where they need it."""
    refused: set[str] = field(default_factory=set, compare=False)
    """Methods and settings that the provider was found to refuse."""
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What was bound to the chat model that was given, and goes with each request."""
    config: RunnableConfig | None = field(default=None, repr=False)
    """The config bound to it."""
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
    def method(self) -> Method:
        """How structure is asked for: the best way that the provider has not refused."""
        return next((method for method in self.methods if method not in self.refused), "text")

    @property
    def tokens_out(self) -> int:
        """Tokens of one answer at most: as set, or else as many as answers were found to need."""
        longer = None if LONGER in self.refused else self.bound.get("tokens_out")
        return int(longer or self.settings.max_tokens_out)

    def needs(self, tokens: int) -> bool:
        """Let answers have so many tokens from now on, as far as they may; False where that is no more."""
        more = min(tokens, self.most_tokens_out)
        if more <= self.tokens_out or LONGER in self.refused:
            return False
        self.bound["tokens_out"] = more
        return True

    def chat_without(self, refused: Collection[str]) -> BaseChatModel:
        """Return the chat model without those settings, and with the room that answers need."""
        key = f"chat {sorted(refused)} {self.tokens_out}"
        if key not in self.bound:
            changes: dict[str, Any] = {name: None for name in ("temperature", "seed") if name in refused}
            limit = next((name for name in _LIMITS if name in type(self.chat).model_fields), None)
            if limit is not None and self.tokens_out != self.settings.max_tokens_out:
                changes[limit] = self.tokens_out
            if NEW_LIMIT in refused:  # servers of OpenAI's protocol that know its older name alone
                body = getattr(self.chat, "extra_body", None) or {}
                changes |= {"max_tokens": None, "extra_body": {**body, "max_tokens": self.tokens_out}}
            self.bound[key] = _copied(self.chat, **changes)
        return cast("BaseChatModel", self.bound[key])

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
    model: str | LanguageModelLike,
    *,
    settings: ModelSettings | None = None,
    cache: Path | None = None,
    dry_run: bool = False,
) -> LanguageModel:
    """Return the model named (`openai:gpt-4.1-mini`, `llama`, `llama:/path.gguf`) or given.

    *cache* is the file that keeps its answers; without one, and for a chat model that nothing tells from others of its
    class, every call is made. A chat model that is given keeps its own temperature, seed, timeout and limits, and what
    was bound to it. ModelConfigError names the package, extra or key that is missing; a *dry_run* needs no key.
    """
    from langchain_core.rate_limiters import InMemoryRateLimiter

    from persona_db.chains.language.retry import RequestLimiter

    asked = settings or ModelSettings()
    arguments: Mapping[str, Any] = {}
    config: RunnableConfig | None = None
    if isinstance(model, str):
        name, chat = model, _named(model, asked, dry_run=dry_run)
    else:
        chat, arguments, config = _unwrapped(model)
        name = type(chat).__name__
    rates = chat.rate_limiter
    if rates is None and asked.requests_per_second is not None:
        rate = asked.requests_per_second
        rates = InMemoryRateLimiter(
            requests_per_second=rate, check_every_n_seconds=min(0.1, 0.25 / rate), max_bucket_size=max(1.0, rate)
        )
    limiter = RequestLimiter(rates)
    kept: CallCache | None = None
    if cache is not None:
        from persona_db.chains.language.cache import CallCache, identity_of

        identity = identity_of(name, chat, asked)
        kept = None if identity is None else CallCache(cache, model=name, identity=identity)
    provider = _provider(name)
    context = asked.context_tokens or _profile_context(chat)
    chosen = not isinstance(model, str) or "max_tokens_out" in asked.model_fields_set
    opened = LanguageModel(
        name=name,
        chat=_copied(chat, rate_limiter=limiter, cache=kept if kept is not None else False),
        settings=asked,
        limiter=limiter,
        price=price_of(name) or price_of(f"{provider}:{getattr(chat, 'model_name', '')}"),
        cache=kept,
        methods=(asked.method,) if asked.method else _METHODS[_METHODS.index(_method(provider, chat)) :],
        optional=_optional(asked) if isinstance(model, str) else (),
        most_tokens_out=asked.max_tokens_out if chosen else min(_MOST_OUT, (context or _UNKNOWN) // 2),
        refused=kept.refused() - {asked.method} if kept is not None else set(),
        arguments=arguments,
        config=config,
        context_tokens=context or _CONTEXT,
        own_tokenizer=provider == _LLAMA,
    )
    if (chat.profile or {}).get("reasoning_output"):
        opened.needs(4 * asked.max_tokens_out)
    return opened


def _unwrapped(model: object) -> tuple[BaseChatModel, dict[str, Any], RunnableConfig | None]:
    """Return the chat model inside `bind`, `with_config` and `with_retry`, and what was bound to it."""
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables.base import RunnableBindingBase
    from langchain_core.runnables.config import merge_configs

    arguments: dict[str, Any] = {}
    config: RunnableConfig | None = None
    while isinstance(model, RunnableBindingBase):
        arguments = {**model.kwargs, **arguments}
        config = merge_configs(model.config, config)
        model = model.bound
    if isinstance(model, BaseChatModel):
        return model, arguments, config
    raise ModelConfigError(
        f"a {type(model).__name__} is no chat model; give one chat model itself, or a name such as openai:gpt-4.1-mini "
        "(requests that fail are sent again without a wrapper)"
    )


def _copied(chat: BaseChatModel, **changes: Any) -> BaseChatModel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pydantic warns of fields a provider shadows
        return chat.model_copy(update=changes) if changes else chat


def _optional(settings: ModelSettings) -> tuple[str, ...]:
    """Return the settings that a request may go without."""
    return ("temperature", "seed", NEW_LIMIT) if settings.temperature == 0 else ("seed", NEW_LIMIT)


def _named(model: str, settings: ModelSettings, *, dry_run: bool = False, **key: str) -> BaseChatModel:
    provider, _, rest = model.partition(":")
    if provider == _LLAMA:
        from persona_db.chains.language.llama import llama_model

        return llama_model(Path(rest).expanduser() if rest else None, settings)
    if not rest:
        raise ModelConfigError(
            f"model {model!r} names no provider; write provider:model, such as openai:gpt-4.1-mini, or llama"
        )
    from langchain.chat_models import init_chat_model

    arguments: dict[str, Any] = {**_arguments(provider, settings), **key}
    try:
        opened: BaseChatModel = init_chat_model(rest, model_provider=provider, **arguments)
    except ImportError as exc:
        extra = provider if provider in ("anthropic", "ollama") else None
        remedy = f"pip install 'persona-db[{extra}]'" if extra else f"pip install {exc.name or 'its LangChain package'}"
        raise ModelConfigError(f"model {model!r} needs a package that is not installed: {remedy}") from exc
    except Exception as exc:
        keyless = "api_key" in str(exc).casefold()
        if keyless and dry_run:
            return _named(model, settings, api_key="none")
        if isinstance(exc, ValueError):
            raise ModelConfigError(f"model {model!r} can't be opened: {_first_line(exc)}") from None
        if not keyless:
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
            **({} if settings.reasoning is None else {"reasoning": settings.reasoning != "none"}),
        }
    common: dict[str, Any] = {
        "temperature": settings.temperature,
        "timeout": settings.timeout_s,
        "max_tokens": settings.max_tokens_out,
        "max_retries": 0,  # `retry.sending` tries again
    }
    if provider in ("openai", "azure_openai", "mistralai"):
        common["seed"] = settings.seed
    if settings.reasoning is not None:
        common["effort" if provider == "anthropic" else "reasoning_effort"] = settings.reasoning
    return common


def _provider(name: str) -> str:
    return _CLASSES.get(name) or name.split(":", 1)[0]


def _method(provider: str, chat: BaseChatModel) -> Method:
    from langchain_core.language_models import BaseChatModel

    if provider in ("openai", "azure_openai", *_GRAMMAR):
        name = str(getattr(chat, "model_name", ""))
        return "function_calling" if name == "gpt-4" or name.startswith(("gpt-3", "gpt-4-")) else "json_schema"
    profile = chat.profile or {}
    if profile.get("structured_output"):
        return "json_schema"
    return "function_calling" if type(chat).bind_tools is not BaseChatModel.bind_tools else "text"


def _profile_context(chat: BaseChatModel) -> int | None:
    return (chat.profile or {}).get("max_input_tokens") or None


def _first_line(exc: Exception) -> str:
    if isinstance(exc, ValidationError):
        problem = exc.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
    return str(exc).splitlines()[0] if str(exc) else type(exc).__name__


def model_of(
    graph: Graph,
    model: str | LanguageModelLike | LanguageModel,
    settings: ModelSettings | None,
    *,
    dry_run: bool = False,
) -> LanguageModel:
    """Return the model opened; its answers are cached in the folder that the graph's settings name."""
    if isinstance(model, LanguageModel):
        return model
    return open_model(model, settings=settings, cache=graph.settings.cache_dir / CALLS, dry_run=dry_run)
