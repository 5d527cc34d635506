from __future__ import annotations

import httpx
import pytest


@pytest.fixture
def ask(gallery_url):
    """Ask the ASGI server for a static file."""
    with httpx.Client(base_url=f"{gallery_url}/static/") as browser:
        yield browser.request


def test_a_file_comes_whole_with_its_type(ask, settings):
    answer = ask("GET", "panel.css")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == 'text/css; charset="utf-8"'
    assert answer.content == (settings.BASE_DIR / "static" / "panel.css").read_bytes()


def test_head_tells_the_length_only(ask, settings):
    answer = ask("HEAD", "panel.css")

    assert answer.content == b""
    assert (
        int(answer.headers["content-length"]) == (settings.BASE_DIR / "static" / "panel.css").stat().st_size
    )


def test_an_unchanged_file_is_not_sent_again(ask):
    when = ask("GET", "panel.css").headers["last-modified"]

    assert ask("GET", "panel.css", headers={"If-Modified-Since": when}).status_code == 304


def test_a_part_can_be_asked_for(ask):
    answer = ask("GET", "panel.css", headers={"Range": "bytes=0-9"})

    assert (answer.status_code, len(answer.content)) == (206, 10)


@pytest.mark.parametrize("name", ["nothing.css", "../manage.py", "..%2Fmanage.py", "%2e%2e/manage.py"])
def test_what_is_no_static_file_is_not_served(ask, name):
    assert ask("GET", name).status_code == 404
