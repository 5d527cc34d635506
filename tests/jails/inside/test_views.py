"""The page of a jail's inside: at once without its parts, each with one round trip, nothing that bites."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from apps.jails.models import Jail
from tests.answers import text, words
from tests.freebsd.probes import out
from tests.jails.inside.conftest import ANSI, EVIL, TURNED, processes

PARTS = ("now", "services", "packages", "logs")


@pytest.fixture
def url(jail) -> str:
    return reverse("jails:jail-inside", args=[jail.host_id, jail.safe_name])


def part(person, url: str, name: str, **query: str):
    headers = {"HX-Request": "true", "HX-Target": f"inside-{name}"}
    return person.client.get(url, {"show": name, **query}, headers=headers)


def test_the_page_comes_at_once_and_asks_the_host_nothing(operator, url, there):
    page = text(operator.client.get(url))
    assert there.requests == []
    for name in PARTS:
        assert f'hx-get="?show={name}" hx-trigger="load"' in page


@pytest.mark.parametrize("name", PARTS)
def test_a_part_takes_one_round_trip(operator, url, there, name):
    answer = part(operator, url, name)
    assert answer.status_code == 200
    assert len(there.requests) == 1
    assert there.requests[0][0] == "look"
    assert there.requests[0][2] == "test"
    assert 'hx-trigger="load"' not in text(answer)


@pytest.mark.parametrize("name", PARTS)
def test_each_part_can_be_read_without_javascript(operator, url, there, name):
    page = text(operator.client.get(url, {"show": name}))
    assert "<html" in page
    assert page.count('hx-trigger="load" hx-target="this"') == len(PARTS) - 1


def test_processes_ports_and_logins_are_shown(operator, url, there):
    there.inside["users"] = out(
        '{"uptime-information":{"user-table":{"user-entry":[{"user":"mia","tty":"pts/0","from":"192.0.2.9",'
        '"login-time":"12:00","command":"-sh"}]}}}'
    )
    said = words(part(operator, url, "now"))
    for piece in ("/usr/sbin/syslogd -ss", "10.0.0.2:22", "tcp4", "mia", "192.0.2.9"):
        assert piece in said


def test_services_say_whether_they_start_and_run(operator, url, there):
    page = words(part(operator, url, "services"))
    on, off = page.split("Services that do not start with the jail")
    assert "nginx from a package" in on
    assert "sshd" in on
    assert "ntpd" in off
    assert "no status" in on


def test_packages_say_what_is_vulnerable(operator, url, there):
    said = words(part(operator, url, "packages"))
    assert "Known vulnerabilities: nginx-1.26.2,3." in said
    assert "pcre2 automatic 10.43" in said
    assert "nginx vulnerable locked 1.26.2,3" in said


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (out("", 0), "No vulnerability is known"),
        (
            out("pkg: vulnxml file /var/db/pkg/vuln.xml does not exist. Try running 'pkg audit -F' first", 1),
            "no list of known",
        ),
        (out("pkg: out of cheese", 3), "could not be told: pkg: out of cheese"),
        (out("", 124), "could not be told"),
    ],
)
def test_what_is_known_of_vulnerabilities_is_never_better_than_it_is(operator, url, there, section, said):
    there.inside["vulnerable"] = section
    assert said in words(part(operator, url, "packages"))


def test_a_jail_without_pkg_has_no_packages(operator, url, there):
    there.inside |= {"pkg": out("", 1), "packages": out("", 1)}
    assert "pkg is not installed in this jail" in words(part(operator, url, "packages"))


def test_logs_that_are_no_text_are_not_offered(operator, url, there):
    page = text(part(operator, url, "logs"))
    assert "nginx%2Faccess.log" in page
    assert "bz2" not in page
    assert "utx" not in page


def test_a_logs_end_is_shown(operator, url, there):
    said = words(part(operator, url, "logs", log="messages", lines="500"))
    assert "kernel boot" in said
    assert there.requests[0][0] == "tail"
    assert there.requests[0][3:] == ("messages", "500")


def test_no_log_leads_elsewhere(operator, url, there):
    for log in ("../master.passwd", "/etc/passwd", "a/b/c", "-n", "a\0b", ".hidden", "$(id)", "x" * 300):
        assert "A log is a file below /var/log" in words(part(operator, url, "logs", log=log)), log
    assert there.requests == []


def test_no_other_number_of_lines_is_asked_for(operator, url, there):
    for lines in ("-1", "99999", "x", "0"):
        part(operator, url, "logs", log="messages", lines=lines)
    assert {request[4] for request in there.requests} == {"100"}


# -- what a jail writes -----------------------------------------------------------------------------------


def hostile(there) -> None:
    evil = f"{EVIL}{ANSI}{TURNED}"
    there.inside |= {
        "processes": processes(evil, "x" * 5000),
        "ports": out(f"root {EVIL} a b 1 3 tcp4 {EVIL}:22 *:*\n"),
        "users": out(
            '{"uptime-information":{"user-table":{"user-entry":[{"user":"<script>alert(1)</script>"}]}}}'
        ),
        "services-all": out(f"{evil}\nsshd\n"),
        "services-on": out(f"/etc/rc.d/{evil}\n/etc/rc.d/sshd\n"),
        "packages": out(f"nginx\t{evil}\t0\t0\tx\t{evil}\n{evil}\t1\t0\t0\t1\tx\n"),
        "vulnerable": out(f"{evil}\n", 1),
        "logs": out(f"/var/log/{evil}\n/var/log/../../etc/passwd\n/etc/passwd\n"),
        "log:messages": out(f"{evil}\r\nover\rdrawn\n"),
    }


def test_what_a_jail_says_is_text_and_hides_nothing(operator, url, there):
    hostile(there)
    for name, query in (*((name, {}) for name in PARTS), ("logs", {"log": "messages"})):
        page = text(part(operator, url, name, **query))
        assert "<script>alert" not in page
        assert not [hidden for hidden in ("\x1b", "\x07", "\u202e") if hidden in page], name
        assert "etc/passwd" not in page


NO_DOCUMENTS = ("{", "[]", "null", '{"process-information": 5}', '{"uptime-information": []}', "x" * 99)


@pytest.mark.parametrize("key", ["processes", "users"])
def test_what_is_not_understood_is_told_and_the_rest_is_shown(operator, url, there, key):
    for said in NO_DOCUMENTS:
        there.inside[key] = out(said)
        page = words(part(operator, url, "now"))
        assert "is not understood" in page, said
        assert "10.0.0.2:22" in page


@pytest.mark.parametrize("name", ["services", "packages"])
def test_a_program_that_hangs_in_the_jail_is_told(operator, url, there, name):
    keys = {"services": "services-all", "packages": "packages"}
    there.inside |= {keys[name]: out("", 124), "pkg": out("", 124)}
    assert "did not end in time in this jail" in words(part(operator, url, name))


def test_many_processes_are_cut_and_it_says_so(operator, url, there):
    there.inside["processes"] = processes(*("x" for _ in range(600)))
    answer = part(operator, url, "now")
    assert "Only the first 500 are shown." in words(answer)
    assert len(answer.content) < 400_000


# -- what can go wrong ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PARTS)
def test_a_host_that_is_away_is_told_in_the_part(operator, url, there, name):
    there.away = 1
    answer = part(operator, url, name)
    assert answer.status_code == 200
    assert "The host does not answer." in words(answer)
    assert "Read again" in words(answer) or name == "logs"


@pytest.mark.parametrize("name", PARTS)
def test_a_jail_that_has_stopped_meanwhile_is_told_in_the_part(operator, url, there, name):
    there.inside = None
    assert "The jail does not run" in words(part(operator, url, name))


def test_of_a_jail_that_does_not_run_nothing_is_asked(operator, url, there):
    Jail.objects.update(jid=None)
    page = operator.client.get(url)
    assert "It does not run" in words(page)
    assert 'hx-get="?show=' not in text(page)
    assert there.requests == []


def test_a_viewer_has_no_such_tab(viewer, operator, jail, url):
    assert url not in text(viewer.client.get(jail.get_absolute_url()))
    assert url in text(operator.client.get(jail.get_absolute_url()))


def test_no_two_parts_share_an_id(owner, url, there):
    pages = [text(part(owner, url, name)) for name in PARTS]
    ids = [found for page in pages for found in re.findall(r'\sid="([^"]+)"', page)]
    assert sorted(ids) == sorted(set(ids))
    links = re.findall(r"<(?:a|summary)\s[^>]*>", "".join(pages))
    assert not [link for link in links if "id=" not in link and link != "<summary>"]
