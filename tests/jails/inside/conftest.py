from __future__ import annotations

import json

import pytest

from apps.freebsd.channel.agent import Agent
from apps.freebsd.parsers.sections import Section
from apps.jails.models import Jail
from tests.fakehost import FakeHost
from tests.freebsd.cases import captured
from tests.freebsd.probes import out
from tests.places import make_jail

EVIL = "<script>alert(1)</script>"
ANSI = "\x1b[31mred\x1b]0;title\x07"
TURNED = "\u202egpj.exe"


def processes(*commands: str) -> Section:
    rows = [
        {"pid": str(n), "user": "root", "rss": "2048", "command": text} for n, text in enumerate(commands)
    ]
    return out(json.dumps({"process-information": {"process": rows}}))


def sections() -> dict[str, Section]:
    """What a jail with sshd, nginx and an odd sense of humour says."""
    return {
        "processes": out(str(captured("jail")["ps-json-jail"]["stdout"])),
        "ports": out("0        sshd       730   3  tcp4   10.0.0.2:22           *:*\n"),
        "users": out('{"uptime-information":{"user-table":{"user-entry":[]}}}'),
        "services-all": out("cron\nnginx\nsshd\nsyslogd\nntpd\n"),
        "services-on": out(str(captured("jail")["service-list"]["stdout"]) + "/usr/local/etc/rc.d/nginx\n"),
        "services-running": out("0 sshd\n1 nginx\n64 motd\n"),
        "pkg": out("pkg: 2 packages installed\n"),
        "packages": out(
            "pcre2\t10.43\t1\t0\t6246400\tRegular expressions\nnginx\t1.26.2,3\t0\t1\t1433600\tSmall server\n"
        ),
        "vulnerable": out("nginx-1.26.2,3\n", 1),
        "logs": out(
            "/var/log/messages\n/var/log/nginx/access.log\n/var/log/messages.0.bz2\n/var/log/utx.log\n"
        ),
        "log:messages": out("Nov 24 12:00:00 test syslogd: kernel boot\n"),
    }


@pytest.fixture
def jail(host) -> Jail:
    return make_jail(host, "test", jid=4)


@pytest.fixture
def there(jail, monkeypatch) -> FakeHost:
    """The jail's host, which answers."""
    fake = FakeHost()
    fake.inside = sections()
    monkeypatch.setattr("apps.jails.inside.looking.agent_of", lambda _host: Agent(fake))
    return fake
