"""Archives, snapshots and kept datasets: what is built, and what no name may be."""

from __future__ import annotations

import pytest

from apps.freebsd.commands import archives, zfs_kept, zfs_snapshots
from apps.freebsd.errors import InvalidInput
from apps.freebsd.new_jail_file import file_text
from apps.freebsd.restored_file import restored_fstab, restored_text
from apps.freebsd.values import JailName

WEB = JailName.parse("web")
HOSTILE = [
    "",
    "-x.tar.gz",
    "a b.tar.gz",
    "../x.tar.gz",
    "a..tar.gz",
    "/etc/x.tar.gz",
    "$(id).tgz",
    "x",
    "a\n.tgz",
    "a\0.tgz",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_other_file_is_taken_for_an_archive(name):
    for build in (archives.prove, archives.remove, archives.finish):
        with pytest.raises(InvalidInput):
            build("/usr/jails/ezjail_archives", name)
    with pytest.raises(InvalidInput):
        archives.write(WEB, name, running=False)


@pytest.mark.parametrize("directory", ["", "relative", "/a/../b", "/a//b", "/a b", "/a/", "/a;id"])
def test_no_other_directory_is_taken_for_that_of_archives(directory):
    with pytest.raises(InvalidInput):
        archives.remove(directory, "x.tgz")


@pytest.mark.parametrize(
    "dataset", ["", "tank", "-r/x", "tank//x", "tank/x@y", "tank/a b", "tank/x/", "/tank/x"]
)
def test_no_other_dataset_is_rolled_back_or_destroyed(dataset):
    for build in (zfs_snapshots.take, zfs_snapshots.destroy):
        with pytest.raises(InvalidInput):
            build(dataset, "jailpanel-20261124-125900")
    with pytest.raises(InvalidInput):
        zfs_snapshots.roll_back(dataset, "one", past_newer=True)


@pytest.mark.parametrize("label", ["", "a@b", "a%b", "a,b", "a b", "a/b", "-r;x", "x" * 101])
def test_no_list_or_range_of_snapshots_is_passed_on(label):
    with pytest.raises(InvalidInput):
        zfs_snapshots.destroy("tank/j/web", label)


def test_a_kept_dataset_has_its_jails_name_and_moment():
    assert zfs_kept.keep("tank/j", WEB, "20261124125900").argv[2:] == (
        "tank/j/web", "tank/j/kept-web-20261124125900",
    )  # fmt: skip
    for parent, at in (("tank/j", "2026"), ("", "20261124125900"), ("-j", "20261124125900")):
        with pytest.raises(InvalidInput):
            zfs_kept.destroy(parent, WEB, at)


VALUES = {
    "hostname": "web", "ip": "lo1|10.0.0.9/24", "rootdir": "/usr/jails/web", "image": "", "imagetype": "",
    "parentzfs": "", "parameters": "",
}  # fmt: skip


def test_a_file_gets_its_old_settings_and_its_new_place():
    old = "# mine\n" + file_text(
        JailName.parse("old"), VALUES | {"hostname": "old", "parameters": "allow.mount=1"}
    )
    old += 'export jail_old_ip_multi0="10.9.9.9"\nexport jail_old_mine="a b"\n'
    text = restored_text(old, "old", WEB, VALUES)
    assert text.startswith("# mine\n")
    assert 'export jail_web_parameters="allow.mount=1"' in text
    assert 'export jail_web_mine="a b"' in text
    assert 'export jail_web_hostname="web"' in text
    assert "jail_old_" not in text
    assert "10.9.9.9" not in text


def test_a_file_under_its_own_name_stays_to_the_byte():
    old = "# odd\n" + file_text(WEB, VALUES) + "export jail_web_ip_multi0='10.9.9.9'  # by hand\n"
    assert restored_text(old, "web", WEB, VALUES) == old


def test_mounts_below_the_old_root_are_below_the_new_one():
    old = "/b /usr/jails/old/basejail nullfs ro 0 0\n/data /usr/jails/older/data nullfs rw 0 0\n"
    assert restored_fstab(old, "/usr/jails/old", "/usr/jails/web") == old.replace("/old/", "/web/")
    assert restored_fstab(old, "", "/usr/jails/web") == old
