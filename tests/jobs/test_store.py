"""The panel's own large files: plain names, private, whole or not at all."""

from __future__ import annotations

import hashlib
import stat

import pytest

from apps.freebsd.errors import CommandFailed, InvalidInput
from apps.jobs import store

NAME = "14.1-RELEASE/base.txz"


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.STATE_DIR = tmp_path


def test_a_file_is_kept_for_its_owner_alone():
    with store.store_write(NAME) as file:
        file.write(b"content")
    assert stat.S_IMODE(store.store_path(NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(store.store_path(NAME).parent.stat().st_mode) == 0o700
    with store.store_open(NAME) as file:
        assert file.read() == b"content"
    assert (store.store_size(NAME), store.store_sha256(NAME)) == (7, hashlib.sha256(b"content").hexdigest())


def write_half() -> None:
    with store.store_write(NAME) as file:
        file.write(b"half")
        raise OSError("full")


def test_a_file_that_fails_half_way_is_not_there_and_the_one_before_stays():
    with store.store_write(NAME) as file:
        file.write(b"old")
    with pytest.raises(OSError, match="full"):
        write_half()
    assert [file.name for file in store.store_path(NAME).parent.iterdir()] == ["base.txz"]
    assert store.store_size(NAME) == 3


def test_a_file_that_is_not_there():
    for ask in (store.store_size, store.store_sha256):
        with pytest.raises(CommandFailed):
            ask(NAME)
    assert not store.store_has(NAME)
    store.store_remove(NAME)


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x", "a/../x", ".x", "a/.x", "-x", "a//b", "a/", "a/b/c/d", "a\n", "a\0", "ä"],
)
def test_other_names_are_refused(name):
    with pytest.raises(InvalidInput):
        store.store_path(name)
