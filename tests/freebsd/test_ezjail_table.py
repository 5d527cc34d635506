"""docs/ezjail.md says of everything that ezjail can be told where it is in the panel, and stays true."""

from __future__ import annotations

import json
import re

import pytest

from apps.freebsd.commands import archives, ezjail, ezjail_update, flavours, images
from apps.freebsd.commands.ezjail_config import config_rename
from apps.freebsd.commands.new_jail import CreateOptions, Storage
from apps.freebsd.ezjail_usage import SUBCOMMANDS
from apps.freebsd.values import DEFAULT_MIRROR, AbsolutePath, FlavourName, JailAddresses, JailName, Release
from tests.freebsd.cases import CAPTURES, captured
from tests.freebsd.ezjail_table import PAGE, table_on_page, tables

ANSWERS = re.compile(r"(?:Yes: |In part: |Shown: |Left out: |Not yet\b).*\.", re.DOTALL)
BY_NAME = {command.name: command for command in SUBCOMMANDS}
NAME = JailName.parse("test")
ADDRESSES = JailAddresses.parse("lo1|10.0.0.2/24")
CREATES = (
    CreateOptions(root=AbsolutePath("/data/jails/test"), storage=Storage.IMAGE, size="10g", blocking=True),
    CreateOptions(storage=Storage.ZFS, parent="zroot/jails", keep_snapshot=True),
    CreateOptions(storage=Storage.ELI, size="10g"),
    CreateOptions(archive=AbsolutePath("/usr/jails/ezjail_archives/test.tar.gz")),
)
RELEASE = Release.parse("13.2-RELEASE")


@pytest.mark.parametrize("key", tables())
def test_the_page_has_the_rows_of_the_catalogues(key):
    head, _, *rows = table_on_page(key)
    wanted, *others = tables()[key]
    assert head == (*wanted, "in the panel")
    assert [row[:-1] for row in rows] == others, "write it anew: python -m tests.freebsd.ezjail_table"


@pytest.mark.parametrize("key", tables())
def test_each_row_says_where_it_is_or_why_not(key):
    for *_, name, said in table_on_page(key)[2:]:
        assert ANSWERS.fullmatch(said), name


def _calls():
    """Return every form of every call that the panel makes of ezjail-admin."""
    return (
        ezjail.install(RELEASE, DEFAULT_MIRROR, sources=True, ports=True, host_release=RELEASE),
        ezjail.create(NAME, ADDRESSES, flavour=FlavourName.parse("example")),
        *(ezjail.create(NAME, ADDRESSES, options=options) for options in CREATES),
        images.attach(NAME, encrypted=True),
        images.detach(NAME),
        images.fsck(NAME, encrypted=False),
        ezjail.register(NAME, ADDRESSES, root="fulljail"),
        *(build(NAME) for build in (ezjail.onestart, ezjail.onestop, ezjail.onerestart)),
        ezjail.delete(NAME, wipe=True, force=True),
        *(ezjail.config_run(NAME, run=run) for run in (True, False)),
        config_rename(NAME, JailName.parse("new.name")),
        flavours.freeze(NAME, FlavourName.parse("frozen")),
        archives.write(NAME, "test.tar.gz", running=True),
        *(ezjail_update.from_sources(AbsolutePath("/usr/src"), build=build) for build in (True, False)),
        ezjail_update.ports(RELEASE),
    )


def _built() -> set[str]:
    """Return the subcommands and options that the panel uses, as the table's rows call them."""
    used = set()
    for call in _calls():
        words = call.argv[call.argv.index(ezjail.EZJAIL_ADMIN) + 1 :]
        command = BY_NAME[words[0]]
        used.add(f"{command.name} {command.operands}".strip())
        used |= {f"{command.name} {command.option(word).text}" for word in words[1:] if word.startswith("-")}
    return used


def test_what_the_page_says_is_in_the_panel_is_what_the_panel_builds():
    said = {row[0].strip("`").replace("\\|", "|"): row[-1] for row in table_on_page("subcommands")[2:]}
    claimed = {name for name, where in said.items() if where.startswith(("Yes: ", "In part: "))}
    assert claimed == _built()


def test_every_call_of_the_builders_is_looked_at():
    builders = {name for name in vars(ezjail) if name.islower() and not name.startswith("_")}
    assert {"install", "create", "register", "onestart", "onestop", "onerestart", "delete", "config_run"} == {
        name for name in builders if getattr(vars(ezjail)[name], "__module__", "") == ezjail.__name__
    }


def _usages() -> dict[str, str]:
    """Return the usage texts that a real ezjail-admin printed, by subcommand."""
    texts = [case["stderr"] for case in captured("ezjail").values()]
    found = [re.search(r"^Usage: ezjail-admin ([a-z]+)(.*)$", text, re.MULTILINE) for text in texts]
    return {usage[1]: usage[2] for usage in found if usage}


def test_the_subcommands_are_those_that_a_real_ezjail_names():
    usage = captured("ezjail")["no-arguments"]["stderr"]
    named = re.search(r"\[([a-z|]+)\]", usage)
    assert named
    assert named[1].split("|") == [command.name for command in SUBCOMMANDS if command.in_usage]


def test_every_word_that_was_tried_on_a_real_host_is_a_subcommand():
    calls = [case["command"].split() for case in json.loads((CAPTURES / "ezjail.json").read_text())["cases"]]
    words = {call[1] for call in calls if call[0] == "ezjail-admin" and len(call) > 1}
    assert words - {"frobnicate"} <= {*BY_NAME}


@pytest.mark.parametrize("name", _usages())
def test_the_options_are_those_of_the_usage_texts_of_a_real_ezjail(name):
    usage = re.sub(
        r"\[-([A-Za-z]{2,})\]", lambda flags: " ".join(f"[-{flag}]" for flag in flags[1]), _usages()[name]
    )
    named = re.findall(r"\[(-[A-Za-z])(?: ([^]]+))?\]", usage)
    assert [flag for flag, _ in named] == [option.flag for option in BY_NAME[name].options if option.in_usage]
    for flag, argument in named:
        option = BY_NAME[name].option(flag)
        values = argument.split("|") if "|" in argument else []
        assert set(values) <= {*option.values}
        assert values or option.argument == argument or option.values


def test_the_page_is_linked():
    assert "ezjail.md" in (PAGE.parents[1] / "README.md").read_text()
