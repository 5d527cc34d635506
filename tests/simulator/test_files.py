from __future__ import annotations

import errno

import pytest

from apps.simulator.faults import DiskFull, Faults
from apps.simulator.files import Files


@pytest.fixture
def files(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "secret").write_text("outside")
    return Files(tmp_path / "root")


def test_dots_do_not_lead_out_of_the_tree(files, tmp_path):
    assert files.real("/../../secret") == f"{tmp_path}/root/secret"


def test_absolute_links_end_in_the_tree(files, tmp_path):
    files.symlink(str(tmp_path / "secret"), "/leak")
    assert not files.exists("/leak")
    files.mkdir(str(tmp_path), parents=True)
    files.write_text(f"{tmp_path}/secret", "inside")
    assert files.read_text("/leak") == "inside"


def test_relative_links_do_not_climb_out(files, tmp_path):
    files.mkdir("/a")
    files.symlink("../../../../../../secret", "/a/up")
    assert files.real("/a/up") == f"{tmp_path}/root/secret"


def test_links_that_go_round_are_an_error(files):
    files.symlink("/two", "/one")
    files.symlink("/one", "/two")
    with pytest.raises(OSError, match="symbolic links") as caught:
        files.read_text("/one")
    assert caught.value.errno == errno.ELOOP


def test_nul_in_a_path_is_an_error(files):
    with pytest.raises(OSError, match="Invalid argument"):
        files.exists("/a\0b")


def test_writing_through_a_link_stays_in_the_tree(files, tmp_path):
    files.symlink(str(tmp_path / "secret"), "/leak")
    with pytest.raises(OSError, match="No such file"):
        files.write_text("/leak", "x")
    assert (tmp_path / "secret").read_text() == "outside"


def test_a_jail_sees_links_against_its_own_root(files):
    files.mkdir("/jails/www/basejail/bin", parents=True)
    files.write_text("/jails/www/basejail/bin/sh", "shell")
    files.symlink("/basejail/bin", "/jails/www/bin")
    assert not files.exists("/jails/www/bin/sh")
    assert files.view("/jails/www").read_text("/bin/sh") == "shell"
    assert files.view("/jails/www").read_text("/../../bin/sh") == "shell"


def test_null_mounts_show_their_source(files):
    files.mkdir("/base/bin", parents=True)
    files.write_text("/base/bin/sh", "shell")
    files.mkdir("/jails/www/basejail", parents=True)
    files.symlink("/basejail/bin", "/jails/www/bin")
    files.binds["/jails/www/basejail"] = "/base"
    assert files.read_text("/jails/www/basejail/bin/sh") == "shell"
    assert files.view("/jails/www").read_text("/bin/sh") == "shell"


def test_a_full_disk_refuses_writes_and_lets_removals_through(tmp_path):
    faults = Faults()
    (tmp_path / "root").mkdir()
    files = Files(tmp_path / "root", check_space=faults.check_space)
    files.write_text("/kept", "x")
    faults.disk_full = True
    for write in (
        lambda: files.write_text("/new", "x"),
        lambda: files.append_text("/kept", "y"),
        lambda: files.mkdir("/folder"),
        lambda: files.symlink("/kept", "/link"),
        lambda: files.copy_entry("/kept", "/copy"),
    ):
        with pytest.raises(DiskFull):
            write()
    files.remove("/kept")
    assert files.names("/") == []


def test_a_tree_is_removed_whatever_its_modes_and_without_following_links(files, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "kept").touch()
    files.mkdir("/jail/dev", 0o555, parents=True)
    files.symlink(str(tmp_path / "other"), "/jail/out")
    files.write_text("/jail/file", "x", 0o444)
    files.remove_tree("/jail")
    assert files.names("/") == []
    assert (tmp_path / "other" / "kept").exists()


def test_a_tree_is_copied_with_links_and_modes(files):
    files.mkdir("/from/dev", 0o555, parents=True)
    files.write_text("/from/run", "text", 0o755)
    files.symlink("/basejail/bin", "/from/bin")
    files.copy_tree("/from", "/to")
    assert list(files.walk("/to")) == ["bin", "dev", "run"]
    assert files.readlink("/to/bin") == "/basejail/bin"
    assert files.lstat("/to/dev").st_mode & 0o777 == 0o555
    assert files.lstat("/to/run").st_mode & 0o777 == 0o755
    assert files.read_text("/to/run") == "text"


def test_a_temporary_file_gets_a_name_that_is_free(files):
    assert files.make_temporary("/a") != files.make_temporary("/a")
