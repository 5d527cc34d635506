"""Reading pages as a person would: commands, complaints at their fields, what a form carries."""

from __future__ import annotations

import html
import re
from typing import Any


def text(answer: Any) -> str:
    return str(answer.content.decode())


def plain(markup: str) -> str:
    """The words of a piece of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", markup)).split())


def words(answer: Any) -> str:
    """All words of a page."""
    return plain(text(answer))


def commands(answer: Any) -> list[str]:
    """The commands that a page shows, as one could copy them."""
    return [
        plain(found) for found in re.findall(r"<code data-copy-source>(.*?)</code>", text(answer), re.DOTALL)
    ]


def error_of(answer: Any, name: str) -> str:
    """What stands in the place for complaints about a field or a part of a row."""
    found = re.search(rf'id="{name}_error"[^>]*>(.*?)</div>\s*(?:<|$)', text(answer), re.DOTALL)
    assert found, f"there is no place for complaints about {name}"
    return plain(found[1])


def hidden(answer: Any, name: str) -> str:
    """The value that a form carries along."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', text(answer))
    assert found, f"the form carries no {name}"
    return html.unescape(found[1])
