"""What is typed for a new host: nothing passes that a log, a command line or a resolver could misread."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apps.hosts.forms import HostAddForm

FINE = {"name": "alpha", "channel": "ssh", "address": "192.0.2.1", "port": "22", "user": "root"}
SAFE = re.compile(r"[A-Za-z0-9_.:-]+")


def form(**values: str) -> HostAddForm:
    return HostAddForm(FINE | values)


def errors(**values: str) -> dict[str, list[str]]:
    return dict(form(**values).errors)


def test_a_whole_form_is_accepted():
    made = form()
    assert made.is_valid()
    assert made.cleaned_data == FINE | {"port": 22, "group": None}


@pytest.mark.parametrize("name", ["a", "0", "db-1.example.org", "A" * 63])
def test_good_names(name):
    assert "name" not in errors(name=name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-a",
        ".a",
        "_a",
        "a b",
        "a/b",
        "a\nb",
        "a;b",
        "$(id)",
        "`id`",
        "a'b",
        "é",
        "a\0b",
        "x" * 64,
        "--help",
    ],
)
def test_bad_names(name):
    assert "name" in errors(name=name)


@pytest.mark.parametrize(
    "address",
    ["192.0.2.1", "2001:db8::1", "::1", "localhost", "db-1.example.org", "x" * 63 + ".example", "a.example."],
)
def test_good_addresses(address):
    assert "address" not in errors(address=address)


@pytest.mark.parametrize(
    "address",
    [
        "", "-oProxyCommand=id", "-4", "root@192.0.2.1", "192.0.2.1:22", "[::1]", "fe80::1%em0", "a b",
        "a..b", ".a", "a-", "-a.example", "x" * 64, "a" + ".b" * 127, "a_b.example", "ssh://a", "a\tb",
        "a\nb", "192.0.2.1\n-x", "$(id)", "é.example", "a\0", "192.0.2.0/24",
    ],
)  # fmt: skip
def test_bad_addresses(address):
    assert "address" in errors(address=address)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" 192.0.2.1 ", "192.0.2.1"),
        ("2001:DB8:0::0001", "2001:db8::1"),
        ("Alpha.Example", "alpha.example"),
        ("alpha.example.", "alpha.example"),
    ],
)
def test_an_address_is_stored_in_one_spelling_so_that_no_host_is_there_twice(typed, stored):
    made = form(address=typed)
    assert made.is_valid()
    assert made.cleaned_data["address"] == stored


@pytest.mark.parametrize("user", ["root", "_jailpanel", "jail-panel_1"])
def test_good_users(user):
    assert "user" not in errors(user=user)


@pytest.mark.parametrize("user", ["-l", "Root", "a b", "a;b", "1a", "a" * 33, "root\nx", "é", "a\0b", "a.b"])
def test_bad_users(user):
    assert "user" in errors(user=user)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x", "22.5", "2 2", "-p22", "0x16"])
def test_bad_ports(port):
    assert "port" in errors(port=port)


def test_port_and_user_have_a_default():
    made = form(port="", user="")
    assert made.is_valid()
    assert (made.cleaned_data["port"], made.cleaned_data["user"]) == (22, "root")


def test_a_line_needs_an_address_and_the_panels_own_machine_none():
    assert errors(address="") == {"address": ["Say where its SSH server is."]}
    for channel in ("doas", "sudo"):
        assert errors(address="", channel=channel) == {}


@pytest.mark.parametrize("channel", ["", "telnet", "local", "ssh -oProxyCommand=id"])
def test_an_unknown_channel_is_refused(channel):
    assert "channel" in errors(channel=channel)


TYPED = (
    st.text(max_size=40) | st.from_regex(r"-[a-zA-Z]+(=\w+)?", fullmatch=True) | st.ip_addresses().map(str)
)


@given(name=TYPED, address=TYPED, user=TYPED)
@example(name="-x", address="-oProxyCommand=id", user="-l")
@example(name="a\n", address="192.0.2.1\n", user="root\n")
@example(name="a\x00", address="\x7f", user="\u202e")
def test_whatever_is_typed_nothing_passes_that_could_be_more_than_a_word(name, address, user):
    made = form(name=name, address=address, user=user)
    made.is_valid()
    for field in ("name", "address", "user"):
        passed = made.cleaned_data.get(field, "")
        assert passed == "" or SAFE.fullmatch(passed), field
        assert not passed.startswith("-")
