"""The catalogue of the variables in a jail's file, held against what a real host wrote and made of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import InvalidInput
from apps.freebsd.ezjail_settings import SETTINGS, defaults
from apps.freebsd.jail_variables import (
    EXTRA_VARIABLES,
    EZJAIL_VARIABLES,
    VARIABLES,
    check_jail_value,
    jail_variable,
)
from apps.freebsd.parsers import ezjail_file
from apps.freebsd.shellfile import ShellFile
from tests.freebsd.cases import captured
from tests.freebsd.shellfile.shells import shells, sourced

_FILE = ShellFile(captured("ezjail")["file-test"]["stdout"].encode())
CREATED = {name.removeprefix("jail_test_"): _FILE.value(name) for name in _FILE.names}
USAGE = captured("ezjail")["config-nothing"]["stderr"], captured("ezjail")["create-no-address"]["stderr"]


def test_ezjails_own_are_those_that_create_writes_in_that_order():
    assert tuple(variable.name for variable in EZJAIL_VARIABLES) == tuple(CREATED) == ezjail_file.VARIABLES
    assert all(variable.is_ezjails for variable in EZJAIL_VARIABLES)
    assert not any(variable.is_ezjails or variable.written_by for variable in EXTRA_VARIABLES)


def test_their_defaults_are_what_create_wrote():
    values = {**defaults({}), "name": "test"}
    for variable in EZJAIL_VARIABLES:
        if variable.name != "ip":
            made = re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], variable.default)
            assert CREATED[variable.name] == made


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_each_is_explained(variable):
    assert variable.meaning.endswith(".")
    assert not variable.trap or variable.trap.endswith(".")


def test_a_setting_that_new_jails_get_names_a_variable():
    named = {one.jail_variable for one in SETTINGS if one.jail_variable}
    assert named <= {variable.name for variable in EZJAIL_VARIABLES}
    assert {f"${{ezjail_{name}}}" for name in named} >= {
        variable.default
        for variable in EZJAIL_VARIABLES
        if variable.default.startswith("${ezjail_") and "/" not in variable.default
    }


def test_the_options_that_write_them_are_in_the_usage_of_the_subcommands():
    config, create = USAGE
    for variable in EZJAIL_VARIABLES:
        for way in variable.written_by:
            command, _, option = way.partition(" ")
            usage = {"config": config, "create": create}[command]
            letter = option.removeprefix("-")
            assert not letter or re.search(rf"\[-{letter}\b|\[-\w*{letter}\w*\]", usage)


def test_what_rc_made_of_them_on_a_real_host_is_what_they_say():
    made = captured("jail")["conf-generated"]["stdout"]
    for variable in VARIABLES:
        if variable.name in (
            "fib",
            "interface",
            "vnet_interface",
            "osrelease",
            "osreldate",
            "parameters",
            "devfs_ruleset",
        ):
            continue  # rc.d/jail leaves these out while they are empty, or at their default
        for parameter in variable.jail_parameter.split(", ")[:1]:
            assert not parameter or parameter in made or variable.numbered


@pytest.mark.parametrize(
    ("name", "known"),
    [("ip", "ip"), ("ip_multi0", "ip_multi"), ("ip_multi12", "ip_multi"), ("exec_prestart0", "exec_prestart"),
     ("ip_multi", None), ("fib0", None), ("ipx", None), ("", None), ("exec", "exec")],
)  # fmt: skip
def test_a_variable_is_found_by_its_name(name, known):
    found = jail_variable(name)
    assert (found and found.name) == known


@pytest.mark.parametrize("value", ['a"b', "$HOME", "`id`", "a\\", "a\nb", "a\0", "\x7f", "\r"])
def test_a_value_that_ezjail_would_have_run_is_refused(value):
    with pytest.raises(InvalidInput, match="cannot hold"):
        check_jail_value(value)


@given(st.text(max_size=8))
def test_what_is_let_through_survives_ezjails_way_of_writing(value):
    """ezjail-admin config writes NAME="value" and escapes nothing."""
    try:
        check_jail_value(value)
    except InvalidInput:
        return
    if not any("\ud800" <= char <= "\udfff" for char in value):
        assert ShellFile(f'export jail_a_x="{value}"\n'.encode()).value("jail_a_x") == value


@pytest.mark.shell
def test_what_is_let_through_survives_the_shells_too(tmp_path):
    value = check_jail_value("lo1|10.0.0.2/24,x é !~*?[a]{b}'(c)#;&<>%")
    for shell in shells():
        assert sourced(shell, f'export a="{value}"\n'.encode(), ("a",), tmp_path) == {"a": value}
