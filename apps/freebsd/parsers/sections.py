"""The facts probe's envelope: every tool's output in a section of its own, whole or not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.freebsd.errors import ParseError

_LAST = "done"
# One pattern for all nonces: to make one for each would take longer than the rest. The line feed at its end
# is only looked at, since a forged mark right before a true one must not take that one's first byte.
_MARK = re.compile(
    rb"\n@@(?P<nonce>[A-Za-z0-9]+) (?P<stream>OUT|ERR|RC) (?P<key>[A-Za-z0-9_.:-]+)"
    rb"(?: (?P<status>[0-9]{1,3}))?(?=\n)"
)


@dataclass(frozen=True, slots=True)
class Section:
    """What one command of the probe gave back.

    Args:
        stdout: All of standard output.
        stderr: Standard error, its first 4096 bytes.
        status: The exit status.
    """

    stdout: bytes
    stderr: bytes
    status: int

    @property
    def text(self) -> str:
        """Standard output as text; bytes that are no UTF-8 show as U+FFFD."""
        return self.stdout.decode("utf-8", "replace")

    @property
    def error_text(self) -> str:
        """Standard error as text, without white space at its ends."""
        return self.stderr.decode("utf-8", "replace").strip()


FactSections = dict[str, Section]


def parse_sections(raw: bytes, nonce: str) -> FactSections:
    """Take the probe's answer apart.

    A line that looks like a mark but carries another nonce is content: what a jail's files or a tool print
    can forge no section.

    Args:
        raw: The agent's whole answer to `facts NONCE`.
        nonce: What the request carried.

    Returns:
        The sections by key, without the closing one.

    Raises:
        ParseError: The answer is cut short or out of order. Nothing may be concluded from it, least of all
            that something is gone.

    Source: reference jail-tools §10.
    """
    marks = [mark for mark in _MARK.finditer(raw) if mark["nonce"] == nonce.encode("ascii")]
    sections: FactSections = {}
    end = 0
    for out, err, closing in zip(marks[0::3], marks[1::3], marks[2::3], strict=False):
        key = _key_of(out, err, closing)
        if out.start() != end or key in sections or _LAST in sections:
            raise ParseError(f"The host's answer is out of order at the section “{key}”.")
        stdout, stderr = raw[_after(out) : err.start()], raw[_after(err) : closing.start()]
        sections[key] = Section(stdout, stderr, int(closing["status"]))
        end = _after(closing)
    _check_whole(sections, rest=raw[end:])
    del sections[_LAST]
    return sections


def _after(mark: re.Match[bytes]) -> int:
    """Return where a mark's line has ended."""
    return mark.end() + 1


def _key_of(out: re.Match[bytes], err: re.Match[bytes], closing: re.Match[bytes]) -> str:
    trio = (out, err, closing)
    keys = {mark["key"] for mark in trio}
    streams = [mark["stream"] for mark in trio]
    has_status = [mark["status"] is not None for mark in trio]
    key = out["key"].decode("ascii")
    if len(keys) > 1 or streams != [b"OUT", b"ERR", b"RC"] or has_status != [False, False, True]:
        raise ParseError(f"The host's answer is cut short in the section “{key}”.")
    return key


def _check_whole(sections: FactSections, rest: bytes) -> None:
    last = sections.get(_LAST)
    if last is None or rest:
        raise ParseError("The host's answer was cut short before its end.")
    if last.status != 0:
        raise ParseError(f"The probe on the host ended with status {last.status}.")
