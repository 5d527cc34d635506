"""ezjail.conf, setting by setting: what changes, what stays to the byte, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.freebsd.errors import Conflict, InvalidInput
from apps.freebsd.ezjail_settings import SETTINGS
from apps.jails.ezjail import settings
from tests.jails.ezjail.situations import DONE, FRESH, ON_ZFS

CONF = (
    "# by hand\r\n"
    "ezjail_jaildir='/usr/jails' # the place\n"
    "ezjail_frob=1\n"
    "ezjail_archivedir=$ezjail_jaildir/old\n"
    "ezjail_uglyperlhack=\n"
)
SEEN = replace(DONE, config_text=CONF)
READY = replace(ON_ZFS, installed=True)


def after(changes, seen=SEEN, flavours=None) -> str:
    (change,) = settings.settings_plan(seen, changes, flavours).commands
    return change.after


def test_every_setting_is_in_one_group():
    grouped = [item.name for _, items in settings.GROUPS for item in items]
    assert sorted(grouped) == sorted(item.name for item in SETTINGS)


def test_a_value_changes_and_no_other_byte():
    assert after({"ezjail_jaildir": "/data/jails"}) == CONF.replace("'/usr/jails'", "'/data/jails'")


def test_a_new_setting_comes_after_the_others():
    assert after({"ezjail_exec_stop": "/bin/sh /etc/rc.shutdown jail"}) == (
        CONF + 'ezjail_exec_stop="/bin/sh /etc/rc.shutdown jail"\n'
    )


def test_back_to_the_default_takes_the_line_out():
    assert after({"ezjail_uglyperlhack": None}) == CONF.replace("ezjail_uglyperlhack=\n", "")


def test_a_switch_is_off_by_being_empty():
    seen = replace(SEEN, config_text="ezjail_uglyperlhack=YES\n")
    assert after({"ezjail_uglyperlhack": ""}, seen) in (
        "ezjail_uglyperlhack=\n",
        'ezjail_uglyperlhack=""\n',
    )


def test_a_file_that_is_missing_is_made_where_ezjail_is_there():
    missing = replace(DONE, config_is="missing", config_text="")
    (change,) = settings.settings_plan(missing, {"ezjail_fib": "1"}).commands
    assert (change.before, change.after) == (None, 'ezjail_fib="1"\n')


def test_a_host_without_ezjail_is_set_up_first():
    with pytest.raises(Conflict, match="set it up first"):
        settings.settings_plan(FRESH, {"ezjail_fib": "1"})


def test_a_file_without_a_last_line_feed_is_no_trap():
    assert after({"ezjail_fib": "1"}, replace(SEEN, config_text="# x")) == '# x\nezjail_fib="1"'


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"ezjail_archivedir": "/x"}, "ezjail_archivedir", "The shell computes it"),
        ({"ezjail_imagetype": "simple"}, "ezjail_imagetype", "no effect"),
        ({"ezjail_jailbase": "base"}, "ezjail_jailbase", "absolute path"),
        ({"ezjail_exec_stop": 'x "; id'}, "ezjail_exec_stop", "cannot hold"),
        ({"ezjail_exec_stop": "$(id)"}, "ezjail_exec_stop", "cannot hold"),
        ({"ezjail_parameters": "a\nb"}, "ezjail_parameters", "cannot hold"),
        ({"ezjail_fib": "one"}, "ezjail_fib", "no whole number"),
        ({"ezjail_cpuset": "0-"}, "ezjail_cpuset", "list of CPUs"),
        ({"ezjail_default_flavour": "no-such"}, "ezjail_default_flavour", "no flavour no-such"),
        ({"ezjail_use_zfs": "YES"}, "ezjail_use_zfs", "no ZFS pool"),
        ({"ezjail_exec_start": "x" * 1001}, "ezjail_exec_start", "at most"),
    ],
)
def test_what_ezjail_cannot_use_is_refused_at_its_field(changes, field, said):
    with pytest.raises(InvalidInput) as caught:
        settings.settings_plan(SEEN, changes, ["example"])
    assert (caught.value.field, said in caught.value.message) == (field, True), caught.value.message


def test_zfs_needs_a_dataset_on_a_pool_that_is_there():
    with pytest.raises(InvalidInput, match="set ezjail_jailzfs"):
        settings.settings_plan(READY, {"ezjail_use_zfs": "YES"})
    with pytest.raises(InvalidInput, match="no pool tank"):
        settings.settings_plan(READY, {"ezjail_use_zfs": "YES", "ezjail_jailzfs": "tank/x"})
    assert settings.settings_plan(READY, {"ezjail_use_zfs": "YES", "ezjail_jailzfs": "zroot/x"}).commands


def test_what_the_file_says_already_is_no_change():
    with pytest.raises(Conflict, match="nothing to change"):
        settings.settings_plan(SEEN, {"ezjail_jaildir": "/usr/jails"})


def test_what_people_regret_is_said_in_the_plan():
    plan = settings.settings_plan(replace(SEEN, jail_count=3), {"ezjail_jaildir": "/data"})
    assert plan.warnings[0] == "Jails on this host: 3. Each keeps its root where it is."
    assert "Changing it moves nothing" in plan.warnings[1]


@pytest.mark.parametrize("text", ["exit 0\nezjail_fib=1\n", "ezjail_fib=1\n. /etc/more\n", "ezjail_fib='1\n"])
def test_shell_that_may_change_a_value_locks_it_with_the_reason(text):
    row = settings.rows(replace(SEEN, config_text=text))["ezjail_fib"]
    assert row.locked


@pytest.mark.parametrize("kind", ["bytes", "other"])
def test_no_setting_of_a_file_that_is_no_text_is_changed(kind):
    seen = replace(SEEN, config_is=kind, config_text="a=\N{REPLACEMENT CHARACTER}\n")
    assert all(row.locked for row in settings.rows(seen).values())


def test_variables_that_ezjail_does_not_know_are_listed():
    assert settings.unknown(SEEN) == [("ezjail_frob", "1")]


def test_what_did_not_become_as_asked_is_said():
    seen = replace(SEEN, in_effect=DONE.in_effect | {"ezjail_fib": "1"})
    changes = {"ezjail_fib": "2", "ezjail_uglyperlhack": None, "ezjail_jaildir": "/usr/jails"}
    assert settings.not_as_wanted(seen, changes) == [
        "ezjail_fib is 1, not 2.",
        "ezjail.conf still sets ezjail_uglyperlhack.",
    ]
