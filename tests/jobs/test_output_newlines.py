"""Line ends of what a job printed, on their way from the host to the page."""

from __future__ import annotations

import re

from django.template.loader import render_to_string

from apps.jobs.output import whole_characters
from apps.jobs.output_queries import OutputPage, Part, Place, ShownLine
from apps.jobs.terminal import Run
from tests.jobs.conftest import make_job


def as_browsers_read(html: str) -> str:
    """Return the text of all pieces; the first newline after <pre> does not count (HTML 13.1.2.5)."""
    texts = re.findall(r"<pre[^>]*>(.*?)</pre>", html, re.DOTALL)
    return "".join(text.removeprefix("\n") for text in texts)


def test_a_piece_that_begins_with_a_newline_keeps_it(host):
    parts = [Part(0, at, [ShownLine(at, [Run(text)])]) for at, text in ((0, "one"), (3, "\ntwo\n"))]

    html = render_to_string("jobs/_parts.html", {"job": make_job(host), "output": OutputPage(parts, Place())})

    assert as_browsers_read(html) == "one\ntwo\n"


def test_a_carriage_return_waits_for_its_newline():
    assert whole_characters(b"one\r") == 3
    assert whole_characters(b"one\r\n") == 5
    assert whole_characters(b"\r") == 0
