"""Dates as they are stored: ISO 8601, in UTC, so that comparing the texts compares the times."""

from __future__ import annotations

from datetime import UTC, date, datetime

__all__ = ["iso_date"]

_LAST_YEAR = 9998
"""Year 9999 stands for the end of time in `retired_at`; nothing that happened may carry it."""


def iso_date(text: str) -> str:
    """Return an ISO 8601 date as 'YYYY-MM-DD', or a date and time as 'YYYY-MM-DDTHH:MM:SSZ'; '' stays ''.

    A time without an offset is taken as UTC; fractions of a second are cut off. ValueError for anything else.
    """
    text = text.strip()
    if not text:
        return ""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _iso_time(text)
    return _checked(day).isoformat()


def _iso_time(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("is no ISO 8601 date or time") from error
    return f"{_checked(moment):%Y-%m-%dT%H:%M:%SZ}" if moment.year >= 1000 else _padded(moment)


def _padded(moment: datetime) -> str:
    # strftime's %Y does not pad early years on every platform
    return moment.replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def _checked(day: date) -> date:
    if day.year > _LAST_YEAR:
        raise ValueError("is after the year 9998")
    return day
