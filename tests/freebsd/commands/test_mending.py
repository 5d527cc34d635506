"""Commands that take away what was left half made: exact words, and the agent lets them through."""

from __future__ import annotations

import pytest
from hypothesis import given

from apps.freebsd.commands import ezjail, zfs
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import JailAddresses, JailName
from tests.freebsd import texts
from tests.freebsd.commands.test_agent_allows import _start, root  # noqa: F401  pytest finds the fixture here

WEB = JailName.parse("web.example")
EZJAIL = "/usr/local/bin/ezjail-admin"

BUILT = {
    "register": (
        ezjail.register(WEB, JailAddresses.parse("lo0|10.0.0.2/24")),
        (EZJAIL, "create", "-x", "web.example", "lo0|10.0.0.2/24"),
    ),
    "fulljail": (
        ezjail.register(WEB, None, root="fulljail"),
        (EZJAIL, "create", "-x", "-r", "fulljail", "web.example", "203.0.113.1"),
    ),
    "ezjailtemp": (
        ezjail.register(WEB, None, root="ezjailtemp"),
        (EZJAIL, "create", "-x", "-r", "ezjailtemp", "web.example", "203.0.113.1"),
    ),
    "dataset": (
        zfs.destroy_fulljail("tank/ezjail"),
        ("/sbin/zfs", "destroy", "-r", "tank/ezjail/fulljail"),
    ),
    "snapshot": (
        zfs.destroy_template_snapshot("tank"),
        ("/sbin/zfs", "destroy", "tank/newjail@_vanilla_newjail_"),
    ),
}


@pytest.mark.parametrize("name", BUILT)
def test_it_is_built_so_and_the_agent_lets_it_through(root, name):  # noqa: F811
    command, argv = BUILT[name]
    assert command.argv == argv
    program = root / "sbin/zfs"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert _start(root, list(argv)).stdout == b"started run-0001\n"


def test_what_registers_can_be_taken_back_and_what_destroys_cannot():
    assert BUILT["register"][0].undo == f"{EZJAIL} delete web.example"
    assert (BUILT["dataset"][0].undo, BUILT["snapshot"][0].undo) == (None, None)


@pytest.mark.parametrize("text", ["", "-r", "tank//x", "tank/", "/tank", "tank@now", "tank/$(id)", "tank x"])
def test_what_is_no_dataset_is_not_passed_on(text):
    for builder in (zfs.destroy_fulljail, zfs.destroy_template_snapshot):
        with pytest.raises(InvalidInput):
            builder(text)


@given(texts.anything_hostile())
def test_no_text_becomes_an_option_or_another_name(text):
    try:
        argv = zfs.destroy_fulljail(text).argv
    except InvalidInput:
        return
    assert argv[:3] == ("/sbin/zfs", "destroy", "-r")
    assert argv[3].endswith("/fulljail")
    assert argv[3].isprintable()
    assert not argv[3].startswith(("-", "/"))
