"""Each row of the table in reference ezjail.md §10, by its name there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from apps.simulator import pool
from apps.simulator.machine import Machine
from apps.simulator.spec import HostSpec
from apps.simulator.state import Mount
from tests.simulator.machines import OBSOLETE, PLAIN, READY, RELEASE, ZFS, done, ezjail, make, noise

TOP = (
    "Usage: ezjail-admin [archive|config|console|create|delete|freeze|install|list|restore|snapshot|"
    "troubleshoot|update] {params}\n"
)
CONTROL = "/usr/local/etc/ezjail"
FREEBSD_UPDATE = "env: freebsd-update: No such file or directory\n"
LIB32 = "".join(f"{tool}: usr/lib32: No such file or directory\n" for tool in ("find", "chflags", "rm"))
MAKE_CONF = (
    "Note: a non-standard /etc/make.conf was copied to the template jail in order to get the ports "
    "collection running inside jails.\n"
)
Check = Callable[[Machine], bool]


@dataclass(frozen=True)
class Row:
    """A command, what came before it, and all that comes of it; standard error without cpio's names."""

    command: str
    status: int
    out: str = ""
    err: str = ""
    before: tuple[str, ...] = ()
    spec: HostSpec = READY
    prepare: Callable[[Machine], object] = field(default=lambda _machine: None)
    holds: Check = field(default=lambda _machine: True)


WWW = "create www 'lo1|10.0.0.2/24'"
UP = (WWW, "onestart www")


def registered(name: str) -> Check:
    return lambda machine: (
        machine.files.is_file(f"{CONTROL}/{name}") and machine.files.is_file(f"/etc/fstab.{name}")
    )


def absent(*paths: str) -> Check:
    return lambda machine: not [path for path in paths if machine.files.lexists(path)]


def there(*paths: str) -> Check:
    return lambda machine: all(machine.files.lexists(path) for path in paths)


def both(*checks: Check) -> Check:
    return lambda machine: all(check(machine) for check in checks)


def running(*names: str) -> Check:
    return lambda machine: [jail.name for jail in machine.kernel.jails] == list(names)


def in_file(name: str, line: str) -> Check:
    return lambda machine: line in machine.files.read_text(f"{CONTROL}/{name}")


def break_pool(machine: Machine) -> None:
    machine.mount(Mount("devfs", "/usr/jails/www/dev", "devfs"))


ROWS = {
    "no word": Row("", 1, err=f"ezjail-admin v3.4.2\n{TOP}"),
    "unknown word": Row("status", 1, err=f"ezjail-admin v3.4.2\n{TOP}"),
    "bad option": Row("delete -x www", 1, err="Usage: ezjail-admin delete [-wf] jailname\n"),
    "wrong number of positionals": Row("delete www db", 1, err="Usage: ezjail-admin delete [-wf] jailname\n"),
    "list": Row(
        "list",
        0,
        "STA JID  IP              Hostname                       Root Directory\n"
        "--- ---- --------------- ------------------------------ ------------------------\n"
        "DR  1    10.0.0.2/24     www                            /usr/jails/www\n",
        before=UP,
    ),
    "list x": Row("list x", 1, err="Usage: ezjail-admin list\n"),
    "install without a terminal": Row(
        f"install -h file:///dist -r {RELEASE}",
        0,
        "Warning: Can not access package file /dist/lib32.txz, ignored for auto added lib32.\n"
        "freebsd-update fetch should not be run non-interactively.\nRun freebsd-update cron instead.\n"
        + MAKE_CONF,
        LIB32,
        spec=HostSpec("alpha", release=RELEASE, distributions={"/dist/base.txz": RELEASE}),
        holds=lambda machine: (
            RELEASE in machine.files.read_text("/usr/jails/basejail/bin/freebsd-version")
            and absent("/usr/jails/fulljail")(machine)
        ),
    ),
    "install without freebsd-update": Row(
        f"install -h file:///dist -r {RELEASE}",
        0,
        f"Warning: Can not access package file /dist/lib32.txz, ignored for auto added lib32.\n{MAKE_CONF}",
        FREEBSD_UPDATE + LIB32,
        spec=PLAIN,
    ),
    "install -r bad": Row(
        "install -h https://download.freebsd.org -r 99.0-RELEASE",
        1,
        err="".join(
            f"fetch: https://download.freebsd.org/{path}/amd64/amd64/99.0-RELEASE/base.txz: Not Found\n"
            for path in (
                *("pub/FreeBSD/releases", "pub/FreeBSD/snapshot", "pub/FreeBSD", "releases", "snapshots"),
                "pub/FreeBSD-Archive/old-releases",
            )
        )
        + "\nCould not fetch base from https://download.freebsd.org.\n"
        "  Maybe your release (99.0-RELEASE) is specified incorrectly or the host download.freebsd.org "
        "does not provide that release build.\n"
        "  Use the -r option to specify an existing release or the -h option to specify an alternative "
        "ftp server.\n",
        spec=PLAIN,
        holds=there("/usr/jails/fulljail", "/usr/jails/ezjailtemp"),
    ),
    "install -P without portsnap": Row(
        f"install -P -r {RELEASE}",
        1,
        err="portsnap: not found\nportsnap: not found\nError: Updating ports failed.\n",
        spec=HostSpec("alpha", release="14.1-RELEASE", basejail="14.1-RELEASE"),
        holds=there("/usr/jails/fulljail"),
    ),
    "install -S without base": Row(
        "install -S",
        1,
        err="Error: The basejail does not exist.\n"
        "  You cannot install distribution packages before creating ezjails environment.\n"
        "  Please run 'ezjail-admin update' or 'ezjail-admin install' using lower case parameters first.\n",
        spec=PLAIN,
    ),
    "install on CURRENT without -r": Row(
        "install -h file:///nowhere",
        1,
        "Your system is 15.0-CURRENT. Normally FTP-servers don't provide non-RELEASE-builds.\n"
        "Release to fetch [ 15.0-CURRENT ]: ",
        "Error: Can not access package file /nowhere/base.txz\n",
        spec=HostSpec("alpha", release="15.0-CURRENT"),
    ),
    "update -u": Row("update -u", 0, err=FREEBSD_UPDATE * 2),
    "update without an action": Row(
        "update -p",
        1,
        err="Error: No install action has been chosen.\n"
        "  Please note that ezjails behaviour changed. Rebuilding the world no longer is default.\n"
        "  Run 'ezjail-admin update -b' to build and install a world from source or "
        "'ezjail-admin update -i' to install an already built world.\n",
    ),
    "update without base": Row(
        "update -u",
        1,
        err="Error: base jail does not exist.\n  You cannot update a base jail until it is created.\n"
        "  Please run 'ezjail-admin update' or 'ezjail-admin install' first.\n",
        spec=PLAIN,
    ),
    "update -P without base": Row(
        "update -P",
        1,
        err="Error: base jail does not exist.\n  You cannot fill base jails ports tree before creating it.\n"
        "  Please run 'ezjail-admin update' or 'ezjail-admin install' first.\n",
        spec=PLAIN,
    ),
    "update -U without -s": Row(
        "update -U",
        1,
        err="Error: Can not (yet automatically) infer the basejail's osversion.\n"
        "  Please run ezjail-admin update -U -s X.X-RELEASE, with X.X-RELEASE being to osversion currently "
        "installed in the basejail in need of an upgrade.\n",
    ),
    "update -b without sources": Row(
        "update -b",
        1,
        err="Error: Cannot find your copy of the FreeBSD source tree in /usr/src.\n"
        "  Consider using 'ezjail-admin install' to create the base jail from an ftp server.\n",
    ),
    "create": Row(
        WWW, 0, holds=both(registered("www"), there("/usr/jails/www/etc/rc", "/usr/jails/www/bin"))
    ),
    "create warns of an address that nobody has": Row(
        "create www 10.9.9.9",
        0,
        "Warning: IP 10.9.9.9 not configured on a local interface.\n"
        "Warning: Some services already seem to be listening on all IP, (including 10.9.9.9)\n"
        "  This may cause some confusion, here they are:\n"
        "root     sshd       576   3  tcp6   *:22                  *:*\n"
        "root     sshd       576   4  tcp4   *:22                  *:*\n",
        holds=registered("www"),
    ),
    "create with a flavour": Row(
        "create -f example www 'lo1|10.0.0.2/24'",
        0,
        err="find: /usr/jails/www/pkg/: No such file or directory\n",
        holds=there("/usr/jails/www/usr/local/etc/sudoers"),
    ),
    "create with a bad value": Row(
        "create www",
        1,
        err="Usage: ezjail-admin create [-xbi] [-f flavour] [-r jailroot] [-s size] [-c bde|eli|zfs] "
        "[-C args] [-a archive] [-z parentzfs] jailname jailip\n",
        holds=absent("/usr/jails/www"),
    ),
    "create of the same safe name": Row(
        "create a-b 'lo1|10.0.0.3/24'",
        1,
        err=f"Error: An ezjail config already exists at {CONTROL}/a_b.\n"
        "  This can happen because ezjail converts non alphanumeric characters in jail names to '_'.\n"
        "  Please rename the ezjail.\n",
        before=("create a.b 'lo1|10.0.0.2/24'",),
    ),
    "create with zfs whose dataset cannot be made": Row(
        WWW,
        1,
        err="cannot create 'zroot/ezjail/www': dataset already exists\n"
        "Error: Could not copy template jail.\n",
        spec=ZFS,
        prepare=lambda machine: pool.create(machine, "zroot/ezjail/www", {"mountpoint": "none"}),
        holds=absent(f"{CONTROL}/www", "/usr/jails/www"),
    ),
    "delete": Row(
        "delete www",
        0,
        before=(WWW,),
        holds=both(absent(f"{CONTROL}/www", "/etc/fstab.www"), there("/usr/jails/www/etc")),
    ),
    "delete -w": Row(
        "delete -w www", 0, before=(WWW,), holds=absent(f"{CONTROL}/www", "/etc/fstab.www", "/usr/jails/www")
    ),
    "delete running": Row(
        "delete www",
        1,
        err="Error: Jail appears to be still running.\n"
        "  'ezjail-admin stop www' it first or use 'ezjail-admin delete -f www' to force stop.\n",
        before=UP,
        holds=both(registered("www"), running("www")),
    ),
    "delete -f running": Row(
        "delete -f www",
        0,
        "Stopping jails: www.\n",
        before=UP,
        holds=both(absent(f"{CONTROL}/www"), running()),
    ),
    "delete -wf running and norun": Row(
        "delete -wf www",
        0,
        " skipping www",
        before=(*UP, "config -r norun www"),
        holds=both(absent(f"{CONTROL}/www.norun", "/usr/jails/www"), running("www")),
    ),
    "delete -w of a busy dataset": Row(
        "delete -w www",
        1,
        err="cannot unmount '/usr/jails/www': pool or dataset is busy\n"
        "Error: Could not destroy file system zroot/ezjail/www for jail www.\n",
        before=(WWW,),
        spec=ZFS,
        prepare=break_pool,
        holds=both(absent(f"{CONTROL}/www", "/etc/fstab.www"), there("/usr/jails/www/etc")),
    ),
    "start": Row(
        "start www",
        0,
        "Starting jails: www.\n",
        OBSOLETE,
        before=(WWW,),
        holds=both(running("www"), there("/var/run/jail_www.id")),
    ),
    "start that fails in jail(8)": Row(
        "start www",
        1,
        'Starting jails: cannot start jail  "www": \nifconfig: interface lo9 does not exist\n'
        "jail: www: /sbin/ifconfig lo9 inet 10.0.0.2/24 alias: failed\n.\n",
        OBSOLETE + "Error: Could not start www.\n  You need to start it by hand.\n",
        before=("create www 'lo9|10.0.0.2/24'",),
        holds=running(),
    ),
    "start unknown": Row(
        "start no.such",
        1,
        " Warning: Jail no_such not found.\n",
        "Error: Could not start no.such.\n  You need to start it by hand.\n",
    ),
    "stop unknown": Row("stop nosuch", 0, " Warning: Jail nosuch not found.\n"),
    "start norun": Row("start www", 0, " skipping www", before=(WWW, "config -r norun www"), holds=running()),
    "stop norun": Row(
        "onestop www", 0, " skipping www", before=(*UP, "config -r norun www"), holds=running("www")
    ),
    "start running": Row(
        "start www",
        0,
        'Starting jails: cannot start jail  "www": \njail: "www" already exists\n.\n',
        OBSOLETE,
        before=UP,
    ),
    "stop stopped": Row("stop www", 0, "Stopping jails:.\n", before=(WWW,)),
    "start when ezjail is not enabled": Row(
        "start www",
        1,
        "Cannot 'start' ezjail. Set ezjail_enable to YES in /etc/rc.conf or use 'onestart' "
        "instead of 'start'.\n",
        "Error: Could not start www.\n  You need to start it by hand.\n",
        before=(WWW,),
        prepare=lambda machine: machine.files.append_text("/etc/rc.conf", 'ezjail_enable="NO"\n'),
    ),
    "stop when ezjail is not enabled": Row(
        "stop www",
        1,
        "Cannot 'stop' ezjail. Set ezjail_enable to YES in /etc/rc.conf or use 'onestop' "
        "instead of 'stop'.\n",
        "Error: Could not stop www.\n  You need to stop it by hand.\n",
        before=UP,
        prepare=lambda machine: machine.files.append_text("/etc/rc.conf", 'ezjail_enable="NO"\n'),
        holds=running("www"),
    ),
    "start without a root": Row(
        "start www",
        1,
        " Warning: root directory /usr/jails/www of www does not exist.\n",
        "Error: Could not start www.\n  You need to start it by hand.\n",
        before=(WWW,),
        prepare=lambda machine: machine.files.remove_tree("/usr/jails/www"),
    ),
    "restart": Row(
        "restart www",
        0,
        "Stopping jails: www.\nStarting jails: www.\n",
        OBSOLETE,
        before=UP,
        holds=lambda machine: machine.kernel.jails[0].jid == 2,
    ),
    "stop": Row(
        "stop www",
        0,
        "Stopping jails: www.\n",
        before=UP,
        holds=both(running(), absent("/var/run/jail_www.id")),
    ),
    "start without names": Row(
        "start",
        0,
        " ezjail skipping off.norunStarting jails: web db.\n",
        OBSOLETE,
        before=(
            "create db 'lo1|10.0.0.2/24'",
            "create off 'lo1|10.0.0.3/24'",
            "create web 'lo1|10.0.0.4/24'",
            "config -r norun off",
        ),
        holds=running("web", "db"),
    ),
    "stop without names": Row(
        "stop",
        0,
        " ezjailStopping jails: db web.\n",
        before=(
            "create db 'lo1|10.0.0.2/24'",
            "create web 'lo1|10.0.0.4/24'",
            "start",
            "config -r norun web",
        ),
        holds=running(),
    ),
    "config -r norun": Row("config -r norun www", 0, before=(WWW,), holds=there(f"{CONTROL}/www.norun")),
    "config -r run": Row(
        "config -r run www", 0, before=(WWW, "config -r norun www"), holds=there(f"{CONTROL}/www")
    ),
    "config -r test": Row("config -r test www", 0, "Jail www is runnable\n", before=(WWW,)),
    "config -r test norun": Row(
        "config -r test www", 0, "Jail www is not runnable\n", before=(WWW, "config -r norun www")
    ),
    "config -c running": Row(
        "config -c 0-1 www", 0, before=UP, holds=in_file("www", 'jail_www_cpuset="0-1"'), spec=READY
    ),
    "config -c stopped": Row(
        "config -c 0 www", 1, err="Error: The defined cpuset is malformed.\n", before=(WWW,)
    ),
    "config -f drops unknown variables": Row(
        "config -f 1 www",
        0,
        before=(WWW,),
        prepare=lambda machine: machine.files.append_text(
            f"{CONTROL}/www", 'export jail_www_mine="x"\n# mine\n'
        ),
        holds=both(
            in_file("www", 'jail_www_fib="1"'),
            in_file("www", "# mine\n"),
            lambda machine: "jail_www_mine" not in machine.files.read_text(f"{CONTROL}/www"),
        ),
    ),
    "config -z running": Row(
        "config -z 'tank/a tank/b' www",
        0,
        "Warning: New settings for running jail www will only take effect when next restarting it.\n",
        before=UP,
        holds=in_file("www", 'jail_www_zfs_datasets="tank/a tank/b"'),
    ),
    "config -n": Row(
        "config -n db.new www",
        0,
        f"Jail has been renamed. You might want to check {CONTROL}/db_new and /etc/fstab.db_new to ensure "
        "everything has gone smoothly.\n"
        "Also check settings in your Jail's /etc/ directory (especially /etc/rc.conf).\n",
        before=(WWW,),
        holds=both(
            registered("db_new"),
            there("/usr/jails/db.new/etc"),
            absent(f"{CONTROL}/www", "/etc/fstab.www", "/usr/jails/www"),
        ),
    ),
    "config -n to the same safe name": Row(
        "config -n a-b a.b",
        1,
        err=f"Error: An ezjail config already exists at {CONTROL}/a_b.\n  Please chose another name.\n",
        before=("create a.b 'lo1|10.0.0.2/24'",),
        holds=both(
            there("/usr/jails/a-b/etc"), absent("/usr/jails/a.b"), in_file("a_b", 'rootdir="/usr/jails/a.b"')
        ),
    ),
    "config -n to a free reserved name": Row(
        "config -n fulljail www",
        1,
        err="Error: ezjail needs the fulljail directory for its own administrative purposes.\n"
        "  Please chose another name.\n",
        before=(WWW,),
        holds=both(there("/usr/jails/fulljail/etc"), absent("/usr/jails/www")),
    ),
    "console -e": Row("console -e 'uname -n' www", 0, "www\n", before=UP),
    "console -e with a status": Row("console -e false www", 1, before=UP),
    "console of a stopped jail": Row(
        "console www",
        1,
        err="Error: Jail www appears not to be running\n"
        "  Start it first, or use 'ezjail-admin console -f www' to force start.\n",
        before=(WWW,),
    ),
    "archive": Row(
        "archive -a saved www", 0, before=(WWW,), holds=there("/usr/jails/ezjail_archives/saved.tar.gz")
    ),
    "archive running": Row(
        "archive www",
        0,
        "Warning: Jail www appears to be still running.\n"
        "  Stop it first, or use 'ezjail-admin archive -f www' to force archiving.\n",
        before=UP,
        holds=lambda machine: machine.files.names("/usr/jails/ezjail_archives") == [],
    ),
    "restore of an existing jail": Row(
        "restore www",
        1,
        err=f"Error: An ezjail config already exists at {CONTROL}/www.\n"
        "  This can happen because ezjail converts non alphanumeric characters in jail names to '_'.\n"
        "  Please rename the ezjail.\nError: Create failed.\n",
        before=(WWW, "archive www"),
        holds=lambda machine: any(name.startswith("ezjail.prop.") for name in machine.files.names("/tmp")),
    ),
    "restore": Row(
        "restore www",
        0,
        before=(WWW, "config -f 1 www", "archive www", "delete -w www"),
        holds=both(
            registered("www"),
            there("/usr/jails/www/etc/rc"),
            in_file("www", 'jail_www_fib=""'),
            lambda machine: machine.files.names("/tmp") == [],
        ),
    ),
    "snapshot of a plain jail": Row("snapshot www", 0, before=(WWW,)),
    "snapshot with zfs": Row(
        "snapshot www",
        0,
        before=(WWW,),
        spec=ZFS,
        holds=lambda machine: (
            [item.name[:12] for item in machine.kernel.dataset("zroot/ezjail/www").snapshots]
            == ["ez-autosnap-"]
        ),
    ),
    "freeze of a plain jail": Row(
        "freeze www new",
        1,
        err="[: =: unexpected operator\nError: Can only freeze zfs based jails into a flavour.\n"
        "  www is not a zfs jail.\n",
        before=(WWW,),
    ),
    "troubleshoot": Row("troubleshoot", 0),
}


@pytest.mark.parametrize("name", ROWS)
def test_row(tmp_path, name):
    row = ROWS[name]
    machine = make(tmp_path, row.spec)
    done(machine, *row.before)
    row.prepare(machine)
    result = ezjail(machine, row.command)
    assert (result.status, result.stdout, noise(result.stderr)) == (row.status, row.out, row.err)
    assert row.holds(machine)
