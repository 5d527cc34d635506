"""What a terminal would colour can be read, whatever lies behind it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (ROOT / "static" / "rooms.css").read_text()
PLAIN_FRONT, PLAIN_BACK = "#d7dee8", "#10151d"


def colours(selector: str, name: str) -> dict[str, str]:
    found = re.findall(rf"^\.{selector}-(\d+) {{ {name}: (#[0-9a-f]{{3,6}}); }}$", ROOMS, re.MULTILINE)
    return dict(found)


FRONTS = {"": PLAIN_FRONT} | colours("t", "color")
BACKS = {"": PLAIN_BACK} | colours("t-on", "background")


def luminance(colour: str) -> float:
    """Return how bright a colour is (WCAG 2.2, relative luminance)."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    shares = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_has_a_class():
    assert len(FRONTS) == 17
    assert len(BACKS) == 9


@pytest.mark.parametrize("back", BACKS.values(), ids=lambda colour: colour)
def test_each_colour_can_be_read_on_each_background(back):
    for front in FRONTS.values():
        brighter, darker = luminance(front), luminance(back)
        assert (brighter + 0.05) / (darker + 0.05) >= 4.5, (front, back)


def test_the_output_is_dark_in_both_modes():
    panel = (ROOT / "static" / "panel.css").read_text()
    assert ".output { margin: 0; " in panel
    assert f"background: {PLAIN_BACK}; color: {PLAIN_FRONT};" in panel
