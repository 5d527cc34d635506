"""What a command left that was cut short: the agent takes that away and nothing that a jail may need."""

from __future__ import annotations

import pytest

from tests.hosts.agent.test_agent_facts import facts
from tests.hosts.agent.tree import lines

UNLINK, UMOUNT = "/bin/unlink", "/sbin/umount"
CONTROL = "/usr/local/etc/ezjail"
TOOL = "#!/bin/sh\nfor word do printf '%s\\n' \"$word\"; done\n"
JLS = '#!/bin/sh\n[ "$1" != -j ] || { [ "$2" = runs ]; exit; }\necho /usr/jails/up\n'
WHOLE = "".join(f'export jail_whole_{number}="x"\n' for number in range(22))
FILES = {
    f"{CONTROL}/web": WHOLE.replace("whole", "web"),
    f"{CONTROL}/off.norun": WHOLE.replace("whole", "off"),
    f"{CONTROL}/web.a1B2c3": "",
    f"{CONTROL}/cut": 'export jail_cut_hostname="cut"\n',
    f"{CONTROL}/cut_late": WHOLE.replace("whole", "cut_late")[:-3],
    f"{CONTROL}/gone.norun": "",
    f"{CONTROL}/runs": "",
    "/etc/fstab.orphan": "/usr/jails/basejail /usr/jails/orphan/basejail nullfs ro 0 0\n",
    "/etc/fstab.web": "",
    "/etc/fstab.off": "",
    "/tmp/ezjail.prop.Ab12Cd34": "",
    **{f"/usr/jails/{name}.img": "" for name in ("lost", "web", "held", "named", "linked")},
    "/usr/jails/linked.device": "",
    f"{CONTROL}/other": 'export jail_other_image="/usr/jails/named.img"\n',
}
ACCEPTED = [
    (UNLINK, f"{CONTROL}/web.a1B2c3"),
    (UNLINK, f"{CONTROL}/cut"),
    (UNLINK, f"{CONTROL}/cut_late"),
    (UNLINK, f"{CONTROL}/gone.norun"),
    (UNLINK, "/etc/fstab.orphan"),
    (UNLINK, "/tmp/ezjail.prop.Ab12Cd34"),
    (UNLINK, "/usr/jails/lost.img"),
    (UMOUNT, "/usr/jails/web/basejail"),
    (UMOUNT, "/usr/jails/web/dev"),
    (UMOUNT, "/usr/jails/web.example/dev/fd"),
    (UMOUNT, "/usr/jails/web/proc"),
]
REFUSED = [
    (UNLINK, f"{CONTROL}/web"),
    (UNLINK, f"{CONTROL}/off.norun"),
    (UNLINK, f"{CONTROL}/runs"),
    (UNLINK, f"{CONTROL}/nothing"),
    (UNLINK, f"{CONTROL}/link.a1B2c3"),
    (UNLINK, f"{CONTROL}/web.a1B2c"),
    (UNLINK, f"{CONTROL}/../ezjail/cut"),
    (UNLINK, f"{CONTROL}.conf"),
    (UNLINK, "/etc/fstab"),
    (UNLINK, "/etc/fstab.web"),
    (UNLINK, "/etc/fstab.off"),
    (UNLINK, "/etc/fstab.orphan", "/etc/fstab"),
    (UNLINK, "-r", "/etc/fstab.orphan"),
    (UNLINK, "/tmp/ezjail.prop."),
    (UNLINK, "/tmp/ezjail.prop.none"),
    (UNLINK, "/tmp/other"),
    *((UNLINK, f"/usr/jails/{name}.img") for name in ("web", "held", "named", "linked", "none", "basejail")),
    (UNLINK, "/usr/jails/linked.device"),
    (UNLINK, "/usr/jails/web/lost.img"),
    (UMOUNT, "-f", "/usr/jails/web/dev"),
    (UMOUNT, "/usr/jails/web"),
    (UMOUNT, "/usr/jails/web/usr/home"),
    (UMOUNT, "/usr/jails/web/dev/"),
    (UMOUNT, "/usr/jails/../web/dev"),
    (UMOUNT, "/usr/jails//dev"),
    (UMOUNT, "/usr/jails/up/dev"),
    (UMOUNT, "/usr/jails/runs/dev"),
    (UMOUNT, "/usr/jails/basejail/proc"),
    (UMOUNT, "/home/web/dev"),
    (UMOUNT, "/dev"),
]


@pytest.fixture
def host(any_tree):
    for path, text in FILES.items():
        any_tree.file(path, text)
    (any_tree.root / CONTROL.lstrip("/") / "link.a1B2c3").symlink_to("/etc/passwd")
    any_tree.tool("bin/unlink", TOOL)
    any_tree.tool("sbin/umount", TOOL)
    any_tree.tool("usr/sbin/jls", JLS)
    any_tree.tool("sbin/mdconfig", "#!/bin/sh\nprintf 'md0\\tvnode\\t10M\\t/usr/jails/held.img\\n'\n")
    return any_tree


def test_remnants_alone_are_removed(host):
    for number, argv in enumerate(ACCEPTED):
        run = f"run-{number:08}"
        answer = host.start(run, *argv)
        assert (answer.returncode, answer.stdout) == (0, f"started {run}\n".encode()), argv
        assert host.follow(run) == (lines(*argv[1:]), "exit 0", 0)
    for argv in REFUSED:
        assert host.start("run-00009999", *argv).returncode == 77, argv


def test_facts_name_what_restores_left(host):
    host.file("/tmp/ezjail.prop.b c", "")
    (host.root / "tmp/ezjail.prop.link").symlink_to("x")
    section = facts(host)["restores"]
    assert (section.out, section.err, section.status) == (b"ezjail.prop.Ab12Cd34\n", b"", 0)
