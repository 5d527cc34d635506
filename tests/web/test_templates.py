"""What holds for every template and every file that a browser fetches."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.template.loader import get_template, render_to_string

TEMPLATES = settings.BASE_DIR / "templates"
STATIC = settings.BASE_DIR / "static"
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))

# What a strict content security policy refuses: inline script, style and event handlers.
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|hx-vals=.js", re.IGNORECASE
)


def text_of(name):
    return (TEMPLATES / name).read_text()


def test_every_template_compiles():
    for name in NAMES:
        get_template(name)


def test_no_template_has_anything_inline():
    assert {name: found for name in NAMES if (found := INLINE.findall(text_of(name)))} == {}


def test_partials_extend_nothing():
    assert [name for name in NAMES if "/_" in name and "{% extends" in text_of(name)] == []


def test_forms_that_post_carry_their_token():
    for name in NAMES:
        forms = re.findall(r"<form\b.*?</form>", text_of(name), re.DOTALL)
        posting = [form for form in forms if 'method="post"' in form]
        assert [form for form in posting if "{% csrf_token %}" not in form] == [], name


def test_every_icon_in_use_is_in_the_sprite():
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text()))
    pages = "\n".join(map(text_of, NAMES))
    used = re.findall(r'(?:{% icon |icon_name=|action_icon=)"([^"]+)"', pages)
    python = "\n".join(path.read_text() for path in (settings.BASE_DIR / "apps").rglob("*.py"))
    looks = re.findall(r'Look\("[^"]+", "[a-z]+", "([^"]+)"', python)

    assert {*used, *looks} - drawn == set()


def test_vendored_files_are_as_their_list_says():
    done = subprocess.run(
        [sys.executable, settings.BASE_DIR / "scripts" / "vendor.py", "--check"],
        capture_output=True,
        check=False,
    )

    assert done.stdout == b""
    assert done.returncode == 0


@pytest.mark.parametrize("folder", sorted((STATIC / "vendor").glob("*/")), ids=lambda path: path.name)
def test_every_vendored_package_has_its_licence(folder):
    assert (folder / "LICENSE").stat().st_size > 500


def test_every_file_that_a_style_sheet_names_is_there(settings, tmp_path):
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)

    assert "icons.svg" in json.loads((tmp_path / "staticfiles.json").read_text())["paths"]


def test_htmx_is_told_to_keep_to_the_policy():
    config = json.loads(render_to_string("web/htmx_config.json"))

    assert config["allowEval"] is False
    assert config["includeIndicatorStyles"] is False
    assert config["disableInheritance"] is True
    # Pages behind a sign-in are not for the browser's storage.
    assert config["historyCacheSize"] == 0


@pytest.mark.parametrize("name", ["400.html", "403_csrf.html", "500.html", "503.html", "507.html"])
def test_pages_for_broken_times_need_nothing(name):
    text = text_of(name)

    assert re.findall(r"{%|{{", text) == []
    assert "/static/error.css" in text
    assert Path(STATIC / "error.css").is_file()
