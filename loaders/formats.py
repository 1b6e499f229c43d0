"""The formats that can be loaded, by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from persona_db.graph.errors import ConfigError
from persona_db.graph.names import Format, Keep
from persona_db.loaders.jsonl import JsonlSource
from persona_db.loaders.opinionqa import OpinionQASource
from persona_db.loaders.polis import PolisSource
from persona_db.loaders.rfpn import RfpnSource
from persona_db.loaders.senate import SenateSource
from persona_db.loaders.source import Source
from persona_db.loaders.split import Split, joined, read_split

if TYPE_CHECKING:
    from persona_db.loaders.tabular import TableOptions

__all__ = ["FORMATS", "open_source"]

FORMATS = tuple(format.value for format in Format)


def open_source(
    format: str,
    paths: Sequence[Path | str] = (),
    *,
    split: Sequence[Path | str | Split] = (),
    keep: Keep = "history",
    table: TableOptions | None = None,
) -> Source:
    """Return the source of that format at *paths*; only the splits have been read, and of a table its columns.

    With a *split*, the source reads only answers marked `history`, or all when *keep* is 'all'; `test_answers` yields
    those marked `test`. `opinionqa` takes one split for all its folders or one each, in their order. *table* says how a
    table is read, where somebody said so.
    """
    if format not in FORMATS:
        raise ConfigError(f"no format {format!r}; there are {', '.join(FORMATS)}")
    places = [Path(path) for path in paths]
    splits = [given if isinstance(given, Split) else read_split(Path(given)) for given in split]
    if format == "opinionqa":
        _check_count(format, places, least=1)
        if len(splits) not in {0, 1, len(places)}:
            raise ConfigError(
                f"{len(splits)} splits for {len(places)} folders; give one for all, or one each in their order"
            )
        return OpinionQASource(places, splits=splits, keep=keep)
    one = joined(splits)
    if format == "senate":
        _check_count(format, places, most=1)
        return SenateSource(places[0] if places else None, split=one, keep=keep)
    if format == "polis":
        _check_count(format, places, most=1)
        return PolisSource(places[0] if places else None, split=one, keep=keep)
    if format == "rfpn":
        _check_count(format, places, least=1, most=1)
        return RfpnSource(places[0], split=one, keep=keep)
    if format == "table":
        from persona_db.loaders.tabular import open_table

        _check_count(format, places, least=1, most=1)
        return open_table(places[0], options=table, split=one, keep=keep)
    _check_count(format, places, least=1)
    return JsonlSource(places, split=one, keep=keep)


def _check_count(name: str, places: Sequence[Path], *, least: int = 0, most: int | None = None) -> None:
    if len(places) < least:
        raise ConfigError(f"{name} needs a path: `persona-db load {name} PATH --dataset NAME`")
    if most is not None and len(places) > most:
        thing = "file" if name == "table" else "folder"
        raise ConfigError(f"{name} reads one {thing}, not {len(places)}; load them one after the other")
