"""Documents as libxo writes them: `tool --libxo json …`.

Source: captures/jls.json, captures/host.json, captures/jail.json: fields stand without spaces, the
names of lists and containers behind one, and `__version` only where the tool sets it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring

Value = str | int | bool | Sequence[str]


@dataclass(frozen=True, slots=True)
class Style:
    """How to print: `json` is off for plain text; `pretty` breaks lines."""

    json: bool = False
    pretty: bool = False


def take_style(words: Sequence[str]) -> tuple[Style, list[str]]:
    """Take `--libxo …` out of a tool's arguments, wherever it stands, as xo_parse_args does.

    Args:
        words: the arguments without the tool's name.

    Returns:
        The style and the arguments that are left.
    """
    style, left, index = Style(), [], 0
    while index < len(words):
        word = words[index]
        index += 1
        if word == "--libxo":
            options = words[index] if index < len(words) else ""
            index += 1
        elif word.startswith(("--libxo=", "--libxo:")):
            options = "json" if word[8:] == "J" else word[8:]
        else:
            left.append(word)
            continue
        chosen = options.split(",")
        style = Style("json" in chosen, "pretty" in chosen)
    return style, left


def document(
    container: str, name: str, instances: Sequence[Mapping[str, Value]], *, style: Style, version: str = ""
) -> str:
    """Write a document of one container with one list in it, with its last newline.

    Args:
        container: e.g. "jail-information".
        name: of the list, e.g. "jail".
        instances: each a mapping of fields; a list as a value is a leaf list.
        style: with or without line breaks.
        version: what the tool gave to xo_set_version; empty when it gave nothing.
    """
    if style.pretty:
        return _pretty(container, name, instances, version)
    head = f'"__version": "{version}", ' if version else ""
    rows = ", ".join("{" + _fields(fields) + "}" for fields in instances)
    return f'{{{head}"{container}": {{"{name}": [{rows}]}}}}\n'


def _fields(fields: Mapping[str, Value]) -> str:
    pieces: list[str] = []
    for key, value in fields.items():
        if isinstance(value, str | int):
            pieces.append(("," if pieces else "") + f"{_text(key)}:{_scalar(value)}")
        else:
            inner = ",".join(_text(item) for item in value)
            pieces.append((", " if pieces else "") + f"{_text(key)}: [{inner}]")
    return "".join(pieces)


def _scalar(value: str | int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else str(value)


def _text(value: str) -> str:
    return encode_basestring(value)


def _pretty(container: str, name: str, instances: Sequence[Mapping[str, Value]], version: str) -> str:
    rows = [{key: _plain(value) for key, value in fields.items()} for fields in instances]
    whole: dict[str, object] = {"__version": version} if version else {}
    whole[container] = {name: rows}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _plain(value: Value) -> object:
    return value if isinstance(value, str | int) else list(value)
