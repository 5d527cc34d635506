"""The catalogue of jail(8)'s parameters, held against a real 13.2, and ezjail's variable that holds them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import InvalidInput
from apps.freebsd.jail_params import PARAMETERS, Parameters, Word, jail_parameter
from apps.freebsd.jail_variables import VARIABLES
from apps.freebsd.setting_kinds import Kind
from tests.freebsd.cases import captured

NAMES = [parameter.name for parameter in PARAMETERS]
KERNELS = {
    line.removeprefix("security.jail.param.").rstrip(".")
    for line in captured("host")["sysctl-jail-params"]["stdout"].split()
}
READ_ONLY = {"jid", "name", "path", "parent", "dying", "children.cur", "cpuset.id"}
EZJAILS_OWN = {"host.hostname", "ip4.addr", "ip6.addr"}  # hostname and ip say these
NODES = {"allow", "host", "children", "cpuset"}
JAIL8S_OWN = {"vnet.interface", "stop.timeout", "exec.timeout"}  # the kernel never hears of these
RUNNING = captured("jls")["all-nameval"]["stdout"].split()


def test_each_is_there_once_and_explained():
    assert len(set(NAMES)) == len(NAMES)
    for parameter in PARAMETERS:
        assert parameter.meaning.endswith(".")
        assert not parameter.danger or parameter.danger.endswith(".")
        assert bool(parameter.choices) == (parameter.kind is Kind.CHOICE)


def test_all_that_a_kernel_of_13_2_lets_one_set_is_there():
    assert {*NAMES} >= KERNELS - READ_ONLY - EZJAILS_OWN - NODES


def test_the_others_say_why_a_kernel_of_13_2_lacks_them():
    for parameter in PARAMETERS:
        if parameter.name not in KERNELS | JAIL8S_OWN:
            assert parameter.since or parameter.module
        if parameter.since:
            assert parameter.name not in KERNELS


def _running() -> dict[str, str]:
    """Return the parameters of a real jail of ezjail's as they would be written in jail.conf."""
    words = [Word.parse(word) for word in RUNNING]
    return {word.name: word.value.strip('"') for word in words}


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_its_default_is_what_a_real_jail_of_ezjail_had(parameter):
    # jls says ip4=disable although the jail has addresses (captures/README.md); its host name is its own.
    own = ("ip4", "osrelease", "osreldate", "host.hostname")
    if parameter.name not in _running() or parameter.name in own:
        return
    assert parameter.read(_running()[parameter.name]) == parameter.read(parameter.default)


def test_the_variable_that_says_the_same_is_one_that_rc_maps_to_it():
    mapped = {variable.name: variable.jail_parameter for variable in VARIABLES}
    for parameter in PARAMETERS:
        if parameter.variable:
            assert parameter.name in mapped[parameter.variable].split(", ")


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("allow.raw_sockets=1", "allow.raw_sockets", "1"),
        ("allow.raw_sockets", "allow.raw_sockets", "true"),
        ("allow.noraw_sockets", "allow.raw_sockets", "false"),
        ("allow.mount.nodevfs", "allow.mount.devfs", "false"),
        ("nopersist", "persist", "false"),
        ("notify", "notify", "true"),
        ("enforce_statfs='1';", "enforce_statfs", "1"),
        ('a.b="x"', "a.b", "x"),
        ("mount+=x", "mount", "x"),
        ("=1", "", ""),
        ("{", "", ""),
    ],
)
def test_a_word_is_read_as_jail_conf_has_it(text, name, value):
    assert (Word.parse(text).name, Word.parse(text).value) == (name, value)


@pytest.mark.parametrize(
    ("before", "name", "value", "after"),
    [
        ("", "allow.raw_sockets", "true", "allow.raw_sockets=1"),
        ("allow.raw_sockets=1", "allow.raw_sockets", "true", "allow.raw_sockets=1"),
        ("allow.raw_sockets", "allow.raw_sockets", "1", "allow.raw_sockets"),
        ("allow.raw_sockets=1 x=y", "allow.raw_sockets", "false", "allow.raw_sockets=0 x=y"),
        (
            "a=1 allow.noraw_sockets b allow.raw_sockets",
            "allow.raw_sockets",
            "true",
            "a=1 allow.raw_sockets=1 b",
        ),
        ("what? ever=1", "children.max", "3", "what? ever=1 children.max=3"),
        ("sysvshm=inherit", "sysvshm", "new", "sysvshm=new"),
    ],
)
def test_one_is_set_and_the_others_stay(before, name, value, after):
    assert str(Parameters.parse(before).set(name, value)) == after


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("allow.raw_sokets", "1", "name"), ("exec.prestart", "x", "name"), ("persist", "perhaps", "value"),
        ("enforce_statfs", "3", "value"), ("children.max", "many", "value"), ("sysvmsg", "own", "value"),
        ("osrelease", "13 RELEASE", "value"), ("osrelease", "$(id)", "value"), ("osrelease", "a;b", "value"),
        ("osrelease", '"', "value"), ("osrelease", "", "value"), ("osrelease", "a\nb", "value"),
    ],
)  # fmt: skip
def test_what_jail_would_choke_on_is_refused(name, value, field):
    with pytest.raises(InvalidInput) as caught:
        Parameters().set(name, value)
    assert caught.value.field == field


def test_what_keeps_a_jail_from_starting_is_said():
    words = Parameters.parse('allow.mount=yes { enforce_statfs=9 fine.unknown=1 note="two words"').words
    assert [bool(word.problem) for word in words] == [True, True, True, False, False, True]


@given(st.lists(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=8), max_size=5))
def test_any_words_are_kept(words):
    text = " ".join(words)
    assert str(Parameters.parse(text)) == text


@given(
    st.lists(st.sampled_from(["a=1", "{", "persist", "nopersist", "allow.mlock=0", "vnet"]), max_size=6),
    st.booleans(),
)
def test_what_is_set_is_what_is_read_and_what_is_unset_is_gone(words, truth):
    before = Parameters.parse(" ".join(words))
    after = before.set("persist", str(truth).lower())
    assert jail_parameter("persist").read(after.value("persist")) is truth
    assert after.unset("persist") == before.unset("persist")
    assert after.unset("persist").value("persist") is None
    assert after.set("persist", str(truth).lower()) == after


def test_a_value_fits_into_a_jails_file():
    made = [str(Parameters().set(name, jail_parameter(name).default or "1")) for name in NAMES]
    assert all(re.fullmatch(r"[A-Za-z0-9_.:/,@%+=-]+", text) for text in made)
