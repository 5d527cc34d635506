"""Line ends of what a job printed, on their way from the host to the page."""

from __future__ import annotations

import re

from django.template.loader import render_to_string

from apps.jobs.output import whole_characters
from apps.jobs.queries import OutputPart


def as_browsers_read(html: str) -> str:
    """Return the text of all pieces; the first newline after <pre> does not count (HTML 13.1.2.5)."""
    texts = re.findall(r"<pre[^>]*>(.*?)</pre>", html, re.DOTALL)
    return "".join(text.removeprefix("\n") for text in texts)


def test_a_piece_that_begins_with_a_newline_keeps_it():
    parts = [OutputPart(0, "one", "0:3", False), OutputPart(0, "\ntwo\n", "0:8", False)]

    html = render_to_string("jobs/_parts.html", {"parts": parts})

    assert as_browsers_read(html) == "one\ntwo\n"


def test_a_carriage_return_waits_for_its_newline():
    assert whole_characters(b"one\r") == 3
    assert whole_characters(b"one\r\n") == 5
    assert whole_characters(b"\r") == 0
