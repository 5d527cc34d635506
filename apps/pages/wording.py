"""How times and amounts are said. static/panel.js says them the same way while a page is open."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

JUST_NOW_S = 10
DAYS_SAID = 30
STEPS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
PARTS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def ago(value: datetime, now: datetime) -> str:
    """Say how long ago `value` was, or in how long it will be; the date when that is more than a month."""
    seconds = int((now - value).total_seconds())
    if abs(seconds) < JUST_NOW_S:
        return "just now"
    if abs(seconds) >= DAYS_SAID * 86400:
        return date_format(timezone.localtime(value), "j M Y")
    unit, size_s = next((unit, size_s) for unit, size_s in STEPS if abs(seconds) >= size_s)
    count = abs(seconds) // size_s
    text = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def full_time(value: datetime) -> str:
    """Say a moment to the second, with its time zone."""
    return timezone.localtime(value).strftime("%-d %b %Y, %H:%M:%S %Z")


def duration(value: timedelta | float) -> str:
    """Say a length of time in its two biggest units: 2 d 4 h, 3 min 20 s, 0.4 s.

    Args:
        value: A timedelta, or seconds.
    """
    seconds = max(0.0, value.total_seconds() if isinstance(value, timedelta) else float(value))
    if seconds < 1:
        return f"{seconds:.1f} s"
    biggest = next(index for index, (_, size_s) in enumerate(PARTS) if seconds >= size_s)
    said: list[str] = []
    left = int(seconds)
    for unit, size_s in PARTS[biggest : biggest + 2]:
        count, left = divmod(left, size_s)
        said.append(f"{count} {unit}" if count or not said else "")
    return " ".join(filter(None, said))


def size(amount: int) -> str:
    """Say an amount of bytes with three digits at most: 512 B, 1.5 GiB, 120 GiB."""
    value = float(amount)
    for unit in UNITS:
        if abs(value) < 1024 or unit == UNITS[-1]:
            break
        value /= 1024
    digits = 0 if unit == "B" or abs(value) >= 100 else 1
    return f"{value:.{digits}f}".removesuffix(".0") + f" {unit}"
