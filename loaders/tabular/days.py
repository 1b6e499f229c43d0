"""Dates as tables have them, in one of a few ways a column."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from persona_db.loaders.dates import iso_date

__all__ = ["date_format_of", "date_in", "wave_date"]

_ENOUGH = 0.9
_FORMATS = (
    "iso", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p", "%m/%d/%y", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%B %d, %Y", "%b %d, %Y", "%d-%m-%Y", "%d-%m-%Y %H:%M", "%Y%m%d",
    "seconds", "milliseconds",
)  # fmt: skip


def date_format_of(values: Iterable[str]) -> str:
    """Return how most of the values write a date, '' where they are none; of day and month, the month comes first."""
    some = list(values)[:200]
    best, read_best = "", 0
    for format in _FORMATS:
        read = sum(_reads(value, format) for value in some)
        if read > read_best:
            best, read_best = format, read
    return best if some and read_best >= _ENOUGH * len(some) else ""


def date_in(text: str, format: str) -> str:
    """Return a date as ISO 8601, as loaders store it; ValueError where it is not written that way."""
    text = text.strip()
    if not text:
        return ""
    try:
        if format == "iso":
            return iso_date(text)
        if format in ("seconds", "milliseconds"):
            moment = datetime.fromtimestamp(float(text) / (1 if format == "seconds" else 1_000), UTC)
            return iso_date(moment.isoformat(timespec="seconds"))
        moment = datetime.strptime(text, format)
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError("is no date like the others of its column") from error
    with_time = "%H" in format or "%I" in format
    return iso_date(moment.isoformat() if with_time else moment.date().isoformat())


def wave_date(wave: str) -> str:
    """Return the date that a wave's name is, a year being its first day; '' for any other name."""
    try:
        return iso_date(f"{wave}-01-01" if len(wave) == 4 and wave.isdecimal() else wave)
    except ValueError:
        return ""


def _reads(value: str, format: str) -> bool:
    if format == "seconds":
        return value.isdecimal() and len(value) in (9, 10)
    if format == "milliseconds":
        return value.isdecimal() and len(value) in (12, 13)
    if format == "iso" and value.isdecimal():
        return False
    try:
        return bool(date_in(value, format))
    except ValueError:
        return False
