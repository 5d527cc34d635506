"""What takes remnants away: exact words for what ezjail leaves, and for nothing else."""

from __future__ import annotations

import pytest

from apps.freebsd.commands import remnants
from apps.freebsd.errors import InvalidInput
from apps.freebsd.parsers.leftovers import attached_images, left_restores

CONTROL, JAILS = "/usr/local/etc/ezjail", "/usr/jails"


def test_exact_words():
    built = (
        remnants.remove_temporary("web_1.a1B2c3"),
        remnants.remove_cut_file("web.norun"),
        remnants.remove_fstab("/etc/fstab.web"),
        remnants.remove_restore("/tmp/ezjail.prop.Ab12Cd34"),
        remnants.remove_image(JAILS, f"{JAILS}/web.example.img"),
        remnants.unmount(JAILS, f"{JAILS}/web/dev/fd"),
    )
    assert [" ".join(command.argv) for command in built] == [
        f"/bin/unlink {CONTROL}/web_1.a1B2c3",
        f"/bin/unlink {CONTROL}/web.norun",
        "/bin/unlink /etc/fstab.web",
        "/bin/unlink /tmp/ezjail.prop.Ab12Cd34",
        f"/bin/unlink {JAILS}/web.example.img",
        f"/sbin/umount {JAILS}/web/dev/fd",
    ]


@pytest.mark.parametrize("name", ["", "web", "web.norun", "../web.a1B2c3", "we b.a1B2c3", "web.a1B2c3\n"])
def test_a_name_that_is_not_for_a_moment(name):
    with pytest.raises(InvalidInput):
        remnants.remove_temporary(name)


@pytest.mark.parametrize("name", ["", "web.norun.norun", "../web", "web/x", "-f web"])
def test_a_name_that_is_no_jails_file(name):
    with pytest.raises(InvalidInput):
        remnants.remove_cut_file(name)


@pytest.mark.parametrize(
    "path", ["", "/etc/fstab", "/etc/fstab.", "/etc/fstab.a/b", "/tmp/x", "/tmp/ezjail.prop."]
)
def test_a_path_that_is_none_of_ezjails(path):
    for build in (remnants.remove_fstab, remnants.remove_restore):
        with pytest.raises(InvalidInput):
            build(path)


@pytest.mark.parametrize(
    "path",
    ["", "/dev", f"{JAILS}/dev", f"{JAILS}/web", f"{JAILS}/web/usr", f"{JAILS}/../web/dev", "/home/web/dev"],
)
def test_a_point_where_no_start_mounts(path):
    with pytest.raises(InvalidInput):
        remnants.unmount(JAILS, path)


@pytest.mark.parametrize("path", ["", f"{JAILS}/.img", f"{JAILS}/a/b.img", f"{JAILS}/web", "/home/web.img"])
def test_a_path_that_is_no_image(path):
    with pytest.raises(InvalidInput):
        remnants.remove_image(JAILS, path)


def test_what_the_host_says_of_them():
    assert left_restores("ezjail.prop.Ab12Cd34\nezjail.prop.a/b\nother\n") == ("/tmp/ezjail.prop.Ab12Cd34",)
    listed = f"md0\tvnode\t   10M\t{JAILS}/web.img\t\nmd1\tswap\t   10M\t-\t\n"
    assert attached_images(listed, [f"{JAILS}/web.img", f"{JAILS}/x.img"]) == (f"md0 {JAILS}/web.img",)
    assert attached_images("", [f"{JAILS}/web.img"]) == ()
