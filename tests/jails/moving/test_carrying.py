"""Which settings go along to another host, and what is said of those that do not."""

from __future__ import annotations

from apps.freebsd.jail_file import JailFile
from apps.jails.moving.carrying import carried, other_mounts


def file(**values: str) -> JailFile:
    return JailFile("web", "".join(f'export jail_web_{key}="{value}"\n' for key, value in values.items()))


def test_what_differs_from_the_new_hosts_own_way_goes_along():
    taken = carried(
        file(
            hostname="web", ip="lo1|10.0.0.2", devfs_enable="YES", parameters="allow.mlock=1", my_own="kept"
        ),
        {"devfs_enable": "YES", "parameters": ""},
    )
    assert (dict(taken.values), taken.notes) == ({"parameters": "allow.mlock=1", "my_own": "kept"}, ())


def test_an_empty_value_goes_along_where_the_new_host_would_set_one():
    taken = carried(file(exec_stop=""), {"exec_stop": "/bin/sh /etc/rc.shutdown jail"})
    assert dict(taken.values) == {"exec_stop": ""}


def test_what_names_things_of_the_old_host_stays_there():
    taken = carried(
        file(rootdir="/x", imagetype="zfs", parentzfs="tank/j", zfs_datasets="tank/a", ip_multi0="10.0.0.9"),
        {},
    )
    assert dict(taken.values) == {}
    assert taken.notes == ("Datasets that were given to it stay where they are: tank/a.",)


def test_what_the_new_host_has_to_have_is_named():
    taken = carried(file(cpuset="0-3", fib="1"), {})
    assert dict(taken.values) == {"cpuset": "0-3", "fib": "1"}
    assert taken.notes == (
        "cpuset is 0-3: the new host needs these CPUs.",
        "fib is 1: the new host needs this routing table.",
    )


def test_what_a_shell_computes_does_not_go_along():
    taken = carried(JailFile("web", 'jail_web_parameters="$(echo hello)"\n'), {})
    assert dict(taken.values) == {}
    assert taken.notes[0].startswith("parameters does not go along.")


def test_of_a_file_that_nobody_has_seen_nothing_goes_along():
    taken = carried(JailFile("web", ""), {})
    assert dict(taken.values) == {}
    assert taken.notes[0].startswith("None of its settings goes along.")


def test_only_the_basejails_mount_goes_without_saying():
    fstab = (
        "# a comment\n\n/usr/jails/basejail /usr/jails/web/basejail nullfs ro 0 0\n/a /b nullfs rw 0 0\nodd\n"
    )
    assert other_mounts(fstab) == ["/a /b nullfs rw 0 0", "odd"]
