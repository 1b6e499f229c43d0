"""Dates are stored so that comparing their texts compares their times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_db.loaders.dates import iso_date

TIMES = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 30))


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("", ""),
        ("2006-06-15", "2006-06-15"),
        (" 2006-06-15 ", "2006-06-15"),
        ("20060615", "2006-06-15"),
        ("2006-06-15T12:30", "2006-06-15T12:30:00Z"),
        ("2006-06-15T12:30:05.999Z", "2006-06-15T12:30:05Z"),
        ("2006-06-15 23:30:00-02:00", "2006-06-16T01:30:00Z"),
        ("0987-01-02T00:00:00Z", "0987-01-02T00:00:00Z"),
    ],
)
def test_iso_dates_are_normalised(given: str, stored: str) -> None:
    """A date stays a date, a time becomes one in UTC to the second."""
    assert iso_date(given) == stored


@pytest.mark.parametrize(
    "given",
    ["June 2006", "2006-13-01", "2006-02-30", "15/06/2006", "NaN", "2006-06", "0001-01-01T00:00+05:00", "9999-12-31"],
)
def test_others_are_refused(given: str) -> None:
    """Texts that are no date, the year that stands for the end of time, and years before the first are refused."""
    with pytest.raises(ValueError, match="is "):
        iso_date(given)


@given(TIMES, TIMES, st.integers(-14, 14))
def test_order_is_kept(one: datetime, two: datetime, offset: int) -> None:
    """Normalised times sort by moment, whatever offset they had."""
    zone = timezone(timedelta(hours=offset))
    first, second = one.replace(tzinfo=UTC, microsecond=0), two.replace(tzinfo=UTC, microsecond=0)
    texts = iso_date(first.astimezone(zone).isoformat()), iso_date(second.isoformat())
    assert (texts[0] < texts[1]) == (first < second)


@given(st.text(max_size=30))
def test_any_text_is_a_date_or_a_value_error(text: str) -> None:
    """Any text is accepted or raises ValueError; an accepted text is accepted again unchanged."""
    try:
        stored = iso_date(text)
    except ValueError:
        return
    assert iso_date(stored) == stored
