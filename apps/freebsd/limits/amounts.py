"""Amounts as people write them (512M, 1.5G, 40 %, 2 h), as whole numbers, and back; and as rctl writes them.

rctl itself takes whole numbers only, and reads 010 as eight and 0x10 as sixteen, which nobody means.

Source: reference rctl §2, §5; expand_number(3), humanize_number(3); captures rctl (13.2).
"""

from __future__ import annotations

import re
from fractions import Fraction

from apps.freebsd.errors import InvalidInput
from apps.freebsd.limits.catalogue import MOST, Resource, Unit

_POWERS = "KMGTPE"  # of 1024
_TYPED = re.compile(r"(?P<digits>0|[1-9][0-9]{0,18})(?P<power>[kmgtpeKMGTPE]?)")
_HUMANISED = re.compile(r"(?P<number>[0-9]{1,19}(?:\.[0-9])?)(?P<power>[KMGTPE]?)")
_WRITTEN = re.compile(r"(?P<number>[0-9]{1,19}(?:\.[0-9]{1,6})?) ?(?P<unit>[A-Za-z%]{0,10}(?:/s)?)")
_BYTE_UNIT = re.compile(r"([kmgtpe]?)(?:i?b)?", re.IGNORECASE)
_SECONDS = {"": 1, "s": 1, "min": 60, "h": 3600, "d": 86400}
_PLACES = 1000  # at most three decimals are written
_FIELD = "amount"
_SAMPLES = {
    Unit.BYTES: "512M or 1.5G",
    Unit.BYTES_S: "512K or 10M/s",
    Unit.COUNT: "100",
    Unit.OPERATIONS_S: "100 or 100/s",
    Unit.PERCENT: "50 or 50 %",
    Unit.SECONDS: "90, 5 min, 2 h or 1 d",
}


def read_amount(resource: Resource, text: str) -> int:
    """Return what somebody wrote as the whole number that rctl is told.

    Args:
        resource: What it is an amount of.
        text: Such as `512M`, `1.5 GiB`, `40 %`, `2 h`. K, M, G are powers of 1024, as in all of rctl.

    Raises:
        InvalidInput: It is no such amount, or no whole number; `field` is amount.
    """
    form = _WRITTEN.fullmatch(text.strip())
    factor = _factor(resource.unit, form["unit"]) if form else None
    if form is None or factor is None:
        raise _refused(f"This is no amount of {resource.name}: write {_SAMPLES[resource.unit]}.")
    amount = Fraction(form["number"]) * factor
    if amount.denominator != 1:
        what = resource.unit.value.replace("a number", "one")
        raise _refused(f"{text.strip()} is no whole number of {what}, and the kernel counts in whole ones.")
    return check_amount(resource, int(amount))


def amount_text(resource: Resource, amount: int) -> str:
    """Return an amount as people write it. `read_amount` gives the same amount for it, exactly."""
    if resource.unit.is_bytes:
        return _bytes_text(amount) + "/s" * (resource.unit is Unit.BYTES_S)
    if resource.unit is Unit.SECONDS:
        return _seconds_text(amount)
    return f"{amount}{_AFTER.get(resource.unit, '')}"


_AFTER = {Unit.PERCENT: " %", Unit.OPERATIONS_S: "/s"}


def check_amount(resource: Resource, amount: int) -> int:
    """Return an amount that the kernel takes for a resource.

    Raises:
        InvalidInput: It takes none as small or as large; `field` is amount.
    """
    if not 0 <= amount <= resource.most:
        raise _refused(f"An amount of {resource.name} is 0 to {resource.most}.")
    return amount


def read_typed(text: str) -> int:
    """Return the amount in a rule as it is typed for rctl: digits, and K, M, G, T, P or E behind them.

    Raises:
        InvalidInput: rctl refuses it, or reads it as something else; `field` is amount.
    """
    form = _TYPED.fullmatch(text)
    if form is None:
        raise _refused(_why_not(text))
    amount = int(form["digits"]) * _power(form["power"])
    if amount > MOST:
        raise _refused(f"No amount is more than {MOST}.")
    return amount


def read_humanised(text: str) -> int:
    """Return about how much `rctl -h` says: it rounds, and its numbers are for looking at only.

    Raises:
        InvalidInput: It is no such number; `field` is amount.
    """
    form = _HUMANISED.fullmatch(text)
    if form is None:
        raise _refused("This is no number that rctl -h prints.")
    return round(Fraction(form["number"]) * _power(form["power"]))


def humanised(amount: int) -> str:
    """Return an amount as `rctl -h` prints it: four digits at most, 1024 a step, rounded.

    Source: humanize_number(3) with room for five characters, HN_AUTOSCALE and HN_DECIMAL; captures rctl.
    """
    whole, rest, steps = amount, 0, 0
    while (whole >= 10000 or (whole == 9999 and rest >= 512)) and steps < len(_POWERS):
        whole, rest = divmod(whole, 1024)
        steps += 1
    suffix = _POWERS[steps - 1] if steps else ""
    if steps and (whole < 9 or (whole == 9 and rest < 973)):
        tenths = whole * 10 + (rest * 10 + 512) // 1024
        return f"{tenths // 10}.{tenths % 10}{suffix}"
    return f"{whole + (rest + 512) // 1024}{suffix}"


def _why_not(text: str) -> str:
    if re.fullmatch(r"0[0-9xX][0-9a-fA-F]*", text):
        return "rctl reads a number that begins with 0 as octal or hexadecimal: leave the 0 out."
    if re.fullmatch(r"[0-9]+[.,][0-9]+[kmgtpeKMGTPE]?", text):
        return "rctl takes whole numbers only: 1536M instead of 1.5G."
    return "rctl takes a whole number, not below 0, with K, M, G, T, P, E or nothing behind it."


def _factor(unit: Unit, word: str) -> int | None:
    """Return by how much a number is multiplied, by the unit behind it; None where it cannot be that unit."""
    if word.endswith("/s"):
        if unit not in (Unit.BYTES_S, Unit.OPERATIONS_S):
            return None
        word = word.removesuffix("/s")
    if unit is Unit.SECONDS:
        return _SECONDS.get(word)
    if unit.is_bytes:
        form = _BYTE_UNIT.fullmatch(word)
        return _power(form[1]) if form else None
    return 1 if word == "" or (word == "%" and unit is Unit.PERCENT) else None


def _power(letter: str) -> int:
    return 1024 ** (_POWERS.index(letter.upper()) + 1) if letter else 1


def _bytes_text(amount: int) -> str:
    for letter in reversed(_POWERS):
        size = _power(letter)
        if amount >= size and amount * _PLACES % size == 0:
            whole, rest = divmod(amount * _PLACES // size, _PLACES)
            return f"{whole}.{rest:03d}".rstrip("0").rstrip(".") + letter
    return str(amount)


def _seconds_text(amount: int) -> str:
    for word in ("d", "h", "min"):
        if amount and amount % _SECONDS[word] == 0:
            return f"{amount // _SECONDS[word]} {word}"
    return f"{amount} s"


def _refused(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, field=_FIELD)
