"""The catalogue of ezjail.conf, held against what hosts said and what the agent takes for true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import InvalidInput
from apps.freebsd.ezjail_settings import SETTINGS, defaults, read_settings, setting, unknown_settings
from apps.freebsd.setting_kinds import Kind, read_value
from apps.freebsd.shellfile import ShellFile
from apps.simulator.seed import CONF_SAMPLE
from tests.freebsd.cases import captured
from tests.freebsd.test_jail_variables import CREATED

AGENT = Path(__file__).parents[2] / "apps" / "hosts" / "agent" / "jailpanel-agent"
SAMPLE_LINE = re.compile(r"^# (?P<name>ezjail_\w+)=(?P<value>.*)$", re.MULTILINE)
AGENTS_LINE = re.compile(
    r'setting \w+ "\$\{(?P<name>ezjail_\w+)(?P<sign>[=-])(?P<default>.*)\}"$', re.MULTILINE
)


def _value(text: str, name: str):
    return next(found for found in read_settings(ShellFile(text.encode())) if found.setting.name == name)


def test_each_setting_is_there_once_and_explained():
    names = [one.name for one in SETTINGS]
    assert len(set(names)) == len(names) >= 32
    assert all(name.startswith("ezjail_") for name in names)
    assert all(one.meaning.endswith(".") and (not one.trap or one.trap.endswith(".")) for one in SETTINGS)
    assert all(one.used_by for one in SETTINGS)


def test_the_file_that_comes_with_ezjail_says_the_same_defaults():
    said = {found["name"]: found["value"] for found in SAMPLE_LINE.finditer(CONF_SAMPLE)}
    assert said
    assert said == {name: setting(name).default for name in said}
    assert all(setting(name).in_sample for name in said)


def test_the_agent_takes_the_same_defaults():
    text = AGENT.read_text()
    said = {
        found["name"]: found["default"].replace("$ezjail_jaildir", "${ezjail_jaildir}")
        for found in AGENTS_LINE.finditer(text)
    }
    assert len(said) == len(SETTINGS)
    assert said == {name: setting(name).default or "" for name in said}


def test_what_create_wrote_on_a_real_host_are_the_defaults():
    values = defaults({})
    for one in SETTINGS:
        if one.jail_variable:
            assert CREATED[one.jail_variable] == values[one.name]
    assert CREATED["rootdir"] == f"{values['ezjail_jaildir']}/test"
    assert f"{values['ezjail_jailbase']} " in captured("ezjail")["fstab-test"]["stdout"]
    assert f"{values['ezjail_flavours_dir']}:" in captured("ezjail")["tree-after-install"]["stdout"]


def test_defaults_follow_the_directory_of_the_jails():
    values = defaults({"ezjail_jaildir": "/data/jails"})
    assert values["ezjail_jailbase"] == "/data/jails/basejail"
    assert values["ezjail_archivedir"] == "/data/jails/ezjail_archives"
    assert values["ezjail_sourcetree"] == "/usr/src"
    assert _value("ezjail_jaildir=/data/jails\n", "ezjail_jailbase").text == "/data/jails/basejail"


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ('ezjail_use_zfs="YES"\n', "ezjail_use_zfs", True),
        ('ezjail_use_zfs="yes"\n', "ezjail_use_zfs", False),
        ("", "ezjail_use_zfs", False),
        ("", "ezjail_use_zfs_for_jails", False),
        ('ezjail_uglyperlhack="NO"\n', "ezjail_uglyperlhack", True),
        ('ezjail_uglyperlhack=""\n', "ezjail_uglyperlhack", False),
        ("", "ezjail_uglyperlhack", True),
        ("ezjail_procfs_enable=no\n", "ezjail_procfs_enable", False),
        ("", "ezjail_procfs_enable", True),
        ("ezjail_default_flavour='base web'\n", "ezjail_default_flavour", ("base", "web")),
        ("ezjail_jailzfs=zroot/ezjail\n", "ezjail_jailzfs", "zroot/ezjail"),
        ("", "ezjail_jailzfs", ""),
        ("ezjail_fib=2\n", "ezjail_fib", 2),
        (
            "ezjail_default_retention_policy='24x1h 7x1d KEEP'\n",
            "ezjail_default_retention_policy",
            ("24x1h", "7x1d", "KEEP"),
        ),
    ],
)
def test_values_are_read_as_ezjail_takes_them(text, name, value):
    found = _value(text, name)
    assert (found.value, found.problem, found.is_default) == (value, "", not text)


@pytest.mark.parametrize(
    ("text", "name", "problem"),
    [
        ("ezjail_jaildir=jails\n", "ezjail_jaildir", "absolute path"),
        ("ezjail_jailzfs=/zroot\n", "ezjail_jailzfs", "ZFS dataset"),
        ("ezjail_imagetype=crypto\n", "ezjail_imagetype", "none of simple"),
        ("ezjail_procfs_enable=perhaps\n", "ezjail_procfs_enable", "YES or NO"),
        ("ezjail_fib=x\n", "ezjail_fib", "whole number"),
        ("ezjail_ftphost=$(hostname)\n", "ezjail_ftphost", "computes"),
        ("ezjail_jaildir=/a\nif x; then ezjail_jaildir=/b; fi\n", "ezjail_jaildir", "may change it"),
        ('ezjail_use_zfs="YES"\r\n', "ezjail_procfs_enable", ""),
    ],
)
def test_what_is_odd_about_a_value_is_said(text, name, problem):
    assert problem in _value(text, name).problem
    assert bool(_value(text, name).problem) == bool(problem)


def test_a_setting_of_nobody_is_named():
    assert unknown_settings(ShellFile(b"ezjail_jaildir=/a\nezjail_jialdir=/b\nMINE=1\n")) == (
        "ezjail_jialdir",
        "MINE",
    )
    with pytest.raises(InvalidInput):
        setting("ezjail_jialdir")


@given(st.sampled_from(Kind), st.text(max_size=12))
def test_any_text_is_a_value_or_refused(kind, text):
    try:
        read_value(kind, text, ("a", "b"))
    except InvalidInput:
        assert kind not in (Kind.TEXT, Kind.COMMAND, Kind.YES, Kind.SWITCH, Kind.WORDS)
