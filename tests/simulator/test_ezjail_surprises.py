"""The ten surprises of reference ezjail.md §0, and what is said in §10 below the table."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import replace

import pytest

from apps.simulator.provision import ROOT_ENV, _drive
from apps.simulator.state import Mount
from tests.simulator.machines import READY, ZFS, call_of, done, ezjail, make, noise, play

WWW = "create www 'lo1|10.0.0.2/24'"


@pytest.fixture
def machine(tmp_path):
    return make(tmp_path, READY)


def run_with(machine, command, **changes):
    """Run a command whose call differs: its environment, its terminal, its folder."""
    call = call_of(machine, command)
    for name, value in changes.items():
        setattr(call, name, value)
    status = _drive(call.run(call.argv))
    return status, call.sink_out.text, call.sink_err.text


def test_1_inner_failures_do_not_reach_the_status(tmp_path):
    """A leftover snapshot makes the next jail of a stale template, and everything says that all is well."""
    machine = make(tmp_path, ZFS)
    play(machine, "zfs snapshot zroot/ezjail/newjail@_vanilla_newjail_")
    machine.files.write_text("/usr/jails/newjail/etc/fresh", "new")
    result = ezjail(machine, WWW)
    assert result.status == 0
    assert (
        "cannot create snapshot 'zroot/ezjail/newjail@_vanilla_newjail_': dataset already exists"
        in result.stderr
    )
    assert not machine.files.exists("/usr/jails/www/etc/fresh")


def test_2_names_of_copied_files_are_on_standard_error(machine):
    result = ezjail(machine, WWW)
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0] == "/usr/jails/www/."
    assert "/usr/jails/www/./etc/rc" in lines
    assert len(lines) > 80
    assert lines[-1].endswith(" blocks")


def test_3_a_running_norun_jail_cannot_be_stopped_by_name(machine):
    done(machine, WWW, "onestart www", "config -r norun www")
    assert ezjail(machine, "onestop www").stdout == " skipping www"
    assert machine.kernel.jail("www")


def test_4_a_cpuset_can_only_be_set_on_a_running_jail(machine):
    done(machine, WWW)
    assert ezjail(machine, "config -c 0 www").stderr == "Error: The defined cpuset is malformed.\n"
    done(machine, "onestart www", "config -c 0 www")
    assert ezjail(machine, "config -c 99 www").stderr == "Error: The defined cpuset is malformed.\n"


def test_5_only_the_first_address_loses_its_interface_in_the_list(machine):
    done(machine, "create www 'lo1|10.0.0.2/24,re0|192.0.2.8/24'")
    rows = ezjail(machine, "list").stdout.splitlines()[2:]
    assert rows == [
        "DS  N/A  10.0.0.2/24     www                            /usr/jails/www",
        "    N/A  re0|192.0.2.8/24",
    ]


def test_6_addresses_are_changed_in_the_file(machine):
    done(machine, WWW)
    path = "/usr/local/etc/ezjail/www"
    machine.files.write_text(path, machine.files.read_text(path).replace("10.0.0.2/24", "10.0.0.7/24"))
    done(machine, "onestart www")
    assert machine.kernel.jail("www").ip4 == ["10.0.0.7"]


def test_7_config_keeps_comments_and_drops_unknown_variables(machine):
    done(machine, WWW)
    path = "/usr/local/etc/ezjail/www"
    machine.files.append_text(path, '# a remark\nexport jail_www_sysvipc_allow="YES"\n')
    done(machine, "config -z tank/data www")
    text = machine.files.read_text(path)
    assert "# a remark\n" in text
    assert "sysvipc_allow" not in text
    assert text.count("\nexport ") == 22


def test_8_restore_keeps_little(machine):
    done(machine, WWW, "config -f 1 www")
    path = "/usr/local/etc/ezjail/www"
    text = machine.files.read_text(path).replace('parameters=""', 'parameters="allow.quotas=1"')
    machine.files.write_text(path, text.replace("# REQUIRE: ", "# REQUIRE: db"))
    done(machine, "archive www", "delete -w www", "restore www")
    text = machine.files.read_text(path)
    assert "# REQUIRE: db\n" in text
    assert 'jail_www_parameters=""' in text
    assert 'jail_www_fib=""' in text


@pytest.mark.parametrize(
    ("term", "tty", "said"),
    [
        ("xterm", True, "Fetching metadata"),
        ("xterm", False, "freebsd-update fetch should not be run non-interactively."),
        ("dumb", False, "Fetching metadata"),
        ("", True, "Fetching metadata"),
    ],
)
def test_9_update_depends_on_terminal_and_term(tmp_path, term, tty, said):
    machine = make(tmp_path, replace(READY, lacks=frozenset()))
    status, out, _err = run_with(
        machine, "ezjail-admin update -u", env={**ROOT_ENV, "TERM": term}, stdin_tty=tty
    )
    assert status == 0
    assert said in out


def test_10_two_creates_at_once_are_not_kept_apart(machine):
    """Both pass the check for the name, and both say that all is well."""

    async def both():
        calls = [call_of(machine, f"ezjail-admin {WWW}") for _number in range(2)]
        return await asyncio.gather(*(call.run(call.argv) for call in calls))

    assert asyncio.run(both()) == [0, 0]


def test_usages_are_globbed_against_the_working_folder(machine):
    machine.files.mkdir("/odd")
    for name in ("e", "o", "longer"):
        machine.files.write_text(f"/odd/{name}", "")
    _status, _out, err = run_with(machine, "ezjail-admin", cwd="/odd")
    assert err == "ezjail-admin v3.4.2\nUsage: ezjail-admin e o {params}\n"
    _status, _out, err = run_with(machine, "ezjail-admin", cwd="/var/empty")
    assert "[archive|config|" in err


def test_settings_of_the_caller_count_where_the_file_says_nothing(machine):
    env = {**ROOT_ENV, "ezjail_exec_stop": "/bin/sh /etc/rc.shutdown jail", "ezjail_cpuset": "1"}
    run_with(machine, f"ezjail-admin {WWW}", env=env)
    text = machine.files.read_text("/usr/local/etc/ezjail/www")
    assert 'jail_www_exec_stop="/bin/sh /etc/rc.shutdown jail"' in text
    assert 'jail_www_cpuset="1"' in text


def test_settings_of_the_file_count_first(tmp_path):
    machine = make(tmp_path, READY, ezjail_conf='ezjail_procfs_enable="NO"\nezjail_exec_stop=""\n')
    run_with(
        machine,
        f"ezjail-admin {WWW}",
        env={**ROOT_ENV, "ezjail_exec_stop": "x", "ezjail_procfs_enable": "YES"},
    )
    text = machine.files.read_text("/usr/local/etc/ezjail/www")
    assert 'jail_www_exec_stop=""' in text
    assert 'jail_www_procfs_enable="NO"' in text


def test_a_jail_may_be_called_by_real_or_safe_name(machine):
    done(
        machine,
        "create www.example.org 'lo1|10.0.0.2/24'",
        "onestart www_example_org",
        "onestop www.example.org",
    )
    assert ezjail(machine, "config -r test www-example-org").stdout == "Jail www-example-org is runnable\n"


def test_multi_byte_characters_become_several_underscores(machine):
    done(machine, "create 'é' 'lo1|10.0.0.2/24'")
    assert machine.files.is_file("/usr/local/etc/ezjail/__")


@pytest.mark.parametrize("name", ["a/b", "a~b"])
def test_slashes_and_tildes_become_underscores_in_the_root(machine, name):
    done(machine, f"create {shlex.quote(name)} 'lo1|10.0.0.2/24'")
    assert machine.files.is_dir("/usr/jails/a_b/etc")


def test_a_name_can_write_shell_into_its_file_and_stays_data_here(machine):
    done(machine, "create 'x$(id)' 'lo1|10.0.0.2/24'")
    assert 'hostname="x$(id)"' in machine.files.read_text("/usr/local/etc/ezjail/x__id_")


def test_words_that_end_like_actions_go_to_the_rc_script(machine):
    result = ezjail(machine, "frobstart nosuch")
    assert result.status == 1
    assert "Usage: /usr/local/etc/rc.d/ezjail" in result.stderr
    assert "Error: Could not frobstart nosuch." in result.stderr


def test_without_the_rc_script_an_action_says_so(machine):
    machine.files.remove("/usr/local/etc/rc.d/ezjail")
    assert ezjail(machine, "onestart www").stderr == (
        "Error: Could not find ezjail's rc.d script in /usr/local/etc/rc.d/.\n"
        "  You need to onestart www by hand.\n"
    )


def test_blocking_jails_are_not_started_at_boot_but_by_name(machine):
    done(machine, "create -b www 'lo1|10.0.0.2/24'")
    assert ezjail(machine, "start").stdout == " ezjail ...skipping blocking jail www"
    assert ezjail(machine, "startcrypto").stdout == "Starting jails: www.\n"


def test_crypto_actions_pass_over_ordinary_jails_in_silence(machine):
    done(machine, WWW)
    assert ezjail(machine, "startcrypto").stdout == ""


def test_a_missing_id_file_makes_a_running_jail_look_stopped(machine):
    done(machine, WWW, "onestart www")
    machine.files.remove("/var/run/jail_www.id")
    assert ezjail(machine, "list").stdout.splitlines()[2].startswith("DS  N/A")


def test_a_stale_id_file_whose_number_is_another_jails_misleads(machine):
    done(machine, WWW, "create db 'lo1|10.0.0.3/24'", "onestart db")
    machine.files.write_text("/var/run/jail_www.id", machine.files.read_text("/var/run/jail_db.id"))
    assert ezjail(machine, "list").stdout.count("DR  1 ") == 2


def test_a_post_start_script_runs_on_the_host(machine):
    done(machine, WWW)
    path = "/usr/local/etc/ezjail/www"
    text = machine.files.read_text(path)
    machine.files.write_text(path, text.replace('post_start_script=""', 'post_start_script="/nosuch"'))
    assert ezjail(machine, "onestart www").stdout == "Starting jails: www.\nError: Post Start Script failed"


def test_datasets_that_are_not_jailed_cannot_be_given_to_a_jail(tmp_path):
    machine = make(tmp_path, ZFS)
    done(machine, WWW, "config -z 'zroot/none zroot/home' www")
    assert ezjail(machine, "onestart www").stdout == (
        "Starting jails: www.\n"
        "Error: zroot/none could not be configuredError: zroot/home could not be configured"
    )


def test_force_waits_and_destroys_a_busy_dataset(tmp_path):
    machine = make(tmp_path, ZFS)
    done(machine, WWW)
    machine.mount(Mount("devfs", "/usr/jails/www/dev", "devfs"))
    result = ezjail(machine, "delete -wf www")
    assert result.status == 0
    assert result.stdout == (
        "Warning: Could not destroy file system zroot/ezjail/www for jail www.\n"
        "  Sleeping 5 seconds before retrying forcefully.\nSuccess.\n"
    )
    assert noise(result.stderr) == "cannot unmount '/usr/jails/www': pool or dataset is busy\n"
    assert machine.kernel.dataset("zroot/ezjail/www") is None
