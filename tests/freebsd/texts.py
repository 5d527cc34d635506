"""Texts for hypothesis: near what is allowed, and with what must never get through."""

from __future__ import annotations

from hypothesis import strategies as st

SEEDS = (
    "test", "two.example", "a-b", "a_b", "1", "lo0|10.0.0.2/24", "lo0|10.0.0.3/24,re0|192.0.2.10/24",
    "lo1|fd00::7/64", "10.0.0.2", "em0|10.0.0.2", "13.2-RELEASE", "14.1-RELEASE-p5", "15.0-RC2", "example",
    "https://download.freebsd.org", "https://mirror.example:8443/pub/FreeBSD", "file:///dist",
    "/usr/jails/test", "basejail", "0", "re0.10",
)  # fmt: skip
HOSTILE = (
    "-", "--", "-f", "\n", "\r", "\0", "\x1b", "\t", " ", "'", '"', "`id`", "$(id)", "${IFS}", ";", "&", "|",
    "\\", "..", "/", "../", "~", "%", ",", "=", "#", "*", "?",
    "\u2028", "\x85", "é", "１", "ｅ", "\ud800", "\u202e",
)  # fmt: skip


def near(*seeds: str) -> st.SearchStrategy[str]:
    """Return texts that are a seed with something put in, taken out, or put at an end."""
    piece = st.sampled_from(HOSTILE) | st.text(max_size=3)

    @st.composite
    def changed(draw: st.DrawFn) -> str:
        seed = draw(st.sampled_from(seeds or SEEDS))
        at = draw(st.integers(0, len(seed)))
        cut = draw(st.integers(0, 3))
        return seed[:at] + draw(piece) + seed[at + cut :]

    return changed()


def anything_hostile() -> st.SearchStrategy[str]:
    """Return texts of every kind, the plain seeds among them."""
    return st.sampled_from(SEEDS) | near() | st.text() | st.sampled_from(HOSTILE)
