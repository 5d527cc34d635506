"""ezjail-admin's calls are exact to the byte, and no text becomes an option or a second command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.commands import ezjail
from apps.freebsd.errors import InvalidInput
from apps.freebsd.values import FlavourName, JailAddresses, JailName, Mirror, Release
from tests.freebsd import texts
from tests.freebsd.cases import cases

if TYPE_CHECKING:
    from apps.freebsd.commands import Command

VALUES = {
    "name": JailName.parse,
    "addresses": JailAddresses.parse,
    "flavour": FlavourName.parse,
    "release": Release.parse,
    "host_release": Release.parse,
    "mirror": Mirror.parse,
}


def _build(builder: Any, case: dict[str, Any]) -> Command:
    return builder(**{key: VALUES.get(key, bool)(value) for key, value in case["arguments"].items()})


def _check(builder: Any, case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(InvalidInput) as caught:
            _build(builder, case)
        assert case["refused"] in caught.value.message
    else:
        assert list(_build(builder, case).argv) == case["argv"]


@pytest.mark.parametrize("case", cases("ezjail_install"))
def test_install(case):
    _check(ezjail.install, case)


@pytest.mark.parametrize("case", cases("ezjail_create"))
def test_create(case):
    _check(ezjail.create, case)


@pytest.mark.parametrize("case", cases("ezjail_onestart"))
def test_onestart(case):
    _check(ezjail.onestart, case)


@pytest.mark.parametrize("case", cases("ezjail_onestop"))
def test_onestop(case):
    _check(ezjail.onestop, case)


@pytest.mark.parametrize("case", cases("ezjail_onerestart"))
def test_onerestart(case):
    _check(ezjail.onerestart, case)


@pytest.mark.parametrize("case", cases("ezjail_delete"))
def test_delete(case):
    _check(ezjail.delete, case)


@pytest.mark.parametrize("case", cases("ezjail_config_run"))
def test_config_run(case):
    _check(ezjail.config_run, case)


@pytest.mark.parametrize("field", ["release", "ports"])
def test_refused_installation_names_its_field(field):
    arguments = {"release": "14.0-RELEASE", "host_release": "13.2-RELEASE", "ports": False}
    if field == "ports":
        arguments = {"release": "14.0-RELEASE", "host_release": "14.0-RELEASE", "ports": True}
    case = {"arguments": {**arguments, "mirror": "https://download.freebsd.org", "sources": False}}
    with pytest.raises(InvalidInput) as caught:
        _build(ezjail.install, case)
    assert caught.value.field == field


def test_purpose_explains_every_flag_of_an_installation():
    command = ezjail.install(
        Release.parse("13.2-RELEASE"),
        Mirror.parse("https://download.freebsd.org"),
        sources=True,
        ports=True,
        host_release=Release.parse("13.3-RELEASE"),
    )
    explained = ("-h", "-r", "-s", "-p", "UNAME_r", "script")
    assert [word for word in explained if word not in command.purpose] == []


def test_deletion_says_whether_the_files_go():
    name = JailName.parse("test")
    assert "root directory stays" in ezjail.delete(name, wipe=False, force=False).purpose
    assert "with all data in it" in ezjail.delete(name, wipe=True, force=False).purpose


def test_what_destroys_data_cannot_be_undone():
    assert ezjail.delete(JailName.parse("test"), wipe=True, force=True).undo is None


def test_shell_text_quotes_the_bar():
    command = ezjail.create(JailName.parse("test"), JailAddresses.parse("lo0|10.0.0.2/24"))
    assert command.shell_text() == "/usr/local/bin/ezjail-admin create test 'lo0|10.0.0.2/24'"


OPTIONS = {"-q", "-h", "-r", "-s", "-p", "-f", "-w"}
HOST = Release.parse("13.99-RELEASE")
MIRROR = Mirror.parse("https://download.freebsd.org")


def _commands_of(text: str) -> list[Command]:
    """Build whatever can be built with `text` in each place that takes a text."""
    test, lo0 = JailName.parse("test"), JailAddresses.parse("lo0|10.0.0.2/24")
    attempts = [
        lambda: ezjail.create(JailName.parse(text), lo0),
        lambda: ezjail.create(test, JailAddresses.parse(text)),
        lambda: ezjail.create(test, lo0, flavour=FlavourName.parse(text)),
        lambda: ezjail.onestart(JailName.parse(text)),
        lambda: ezjail.onestop(JailName.parse(text)),
        lambda: ezjail.onerestart(JailName.parse(text)),
        lambda: ezjail.delete(JailName.parse(text), wipe=True, force=True),
        lambda: ezjail.config_run(JailName.parse(text), run=False),
        lambda: ezjail.install(Release.parse(text), MIRROR, sources=True, ports=True, host_release=HOST),
        lambda: ezjail.install(HOST, Mirror.parse(text), sources=True, ports=True, host_release=HOST),
    ]
    made = []
    for attempt in attempts:
        try:
            made.append(attempt())
        except InvalidInput:
            continue
    return made


@given(texts.anything_hostile())
def test_no_text_becomes_an_option_or_a_second_command(text):
    for command in _commands_of(text):
        assert command.argv[0].startswith("/")
        for word in command.argv:
            assert word.isprintable()
            assert word.isascii()
            assert not word.startswith("-") or word in OPTIONS
            assert not set(word) & set("\"'`$\\;&<>() *?")


@given(texts.anything_hostile())
def test_a_command_is_as_long_whatever_the_text(text):
    assert {len(command.argv) for command in _commands_of(text)} <= {3, 4, 5, 6, 11, 13}


@given(st.booleans(), st.booleans())
def test_deletion_has_one_operand(wipe, force):
    argv = ezjail.delete(JailName.parse("test"), wipe=wipe, force=force).argv
    assert [word for word in argv[2:] if not word.startswith("-")] == ["test"]
