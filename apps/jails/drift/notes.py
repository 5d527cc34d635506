"""What a jail's file holds that ezjail does not know, in sentences."""

from __future__ import annotations

from dataclasses import dataclass

from apps.freebsd.errors import ParseError
from apps.freebsd.jail_variables import jail_variable
from apps.freebsd.parsers.ezjail_file import EzjailJail, parse_ezjail_file
from apps.jails.models import Jail


@dataclass(frozen=True, slots=True)
class Note:
    """Something about a file that is worth to know.

    Args:
        sentence: What.
        text: The text that it is about, word for word; or empty.
    """

    sentence: str
    text: str = ""


def file_notes(jail: Jail) -> list[Note]:
    """Return what is odd about ezjail's file of a jail; nothing where it cannot be read at all."""
    try:
        file = parse_ezjail_file(jail.config_text, jail.safe_name)
    except ParseError:
        return []
    return [*_kept(file), *_doubted(file), *_missing(file)]


def _kept(file: EzjailJail) -> list[Note]:
    text = "".join(line.text if line.text.endswith("\n") else f"{line.text}\n" for line in file.unknown)
    if not text:
        return []
    known = [name for line in file.unknown for name in line.variables if jail_variable(name)]
    counts = f" rc.d/jail goes by {', '.join(known)} all the same." if known else ""
    sentence = (
        "These lines are not ezjail's own. The panel keeps them to the byte; ezjail-admin config would drop "
        f"them.{counts}"
    )
    return [Note(sentence, text)]


def _doubted(file: EzjailJail) -> list[Note]:
    return [
        Note(f"What {name} is, only the shell knows: {doubt}") for name, doubt in sorted(file.doubts.items())
    ]


def _missing(file: EzjailJail) -> list[Note]:
    if not file.missing:
        return []
    sentence = f"It does not set {', '.join(file.missing)}, as files of older ezjails. They count as empty."
    return [Note(sentence)]
