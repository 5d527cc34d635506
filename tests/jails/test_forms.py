"""From what is typed to a new jail: each complaint next to its field, and nothing lost on the way."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.freebsd.errors import Conflict
from apps.hosts.models import Host
from apps.jails.basejail.forms import BasejailForm
from apps.jails.basejail.plans import InstallWish
from apps.jails.forms import MOST_ROWS, JailForm
from apps.jails.rules import PUBLIC_FIRST
from tests.places import make_host, make_jail

LOOPBACK = ("lo0", "10.0.0.7", "24")
PUBLIC = ("re0", "192.0.2.10", "24")


def typed(*rows: tuple[str, str, str], **fields: str) -> QueryDict:
    """What a browser sends for these address rows."""
    data = QueryDict(mutable=True)
    data.update({"name": "web", "flavour": ""} | fields)
    for row in rows:
        for name, value in zip(("interface", "address", "prefix"), row, strict=True):
            data.appendlist(name, value)
    return data


@pytest.fixture
def fill(host):
    """Fill in the form of the host alpha."""

    def make(*rows: tuple[str, str, str], **fields: str) -> JailForm:
        form = JailForm(host, typed(*rows, **fields))
        form.is_valid()
        return form

    return make


def test_a_whole_form_gives_the_jail_that_is_wanted(fill):
    form = fill(LOOPBACK, PUBLIC, name="two.example", flavour="example")
    assert form.is_valid()
    assert str(form.wanted.name) == "two.example"
    assert str(form.wanted.addresses) == "lo0|10.0.0.7/24,re0|192.0.2.10/24"
    assert str(form.wanted.flavour) == "example"
    assert form.wanted.public_first_reason == ""


def test_an_empty_form_offers_loopback_first_and_what_the_host_has(host):
    form = JailForm(host)
    (row,) = form.rows
    assert (row.interface, row.address, row.prefix) == ("lo0", "", "24")
    assert form.interfaces == ["re0", "lo0"]
    assert form.fields["flavour"].choices == [("", "(the host's default)"), ("example", "example")]


def test_blanks_around_what_was_typed_are_no_matter(fill):
    assert fill(("lo0", " 10.0.0.7 ", " 24"), name=" web ").is_valid()


def test_rows_without_an_address_are_passed_over(fill):
    form = fill(("re0", "", ""), LOOPBACK, ("lo0", " ", "24"))
    assert form.is_valid()
    assert str(form.wanted.addresses) == "lo0|10.0.0.7/24"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "This field is required."),
        ("-f", "begins with a letter or a digit"),
        ("a b", "letters, digits, dots, dashes and underscores"),
        ("a/b", "letters, digits, dots, dashes and underscores"),
        ("a..b", "two dots in a row"),
        ("$(id)", "letters, digits, dots, dashes and underscores"),
        ("basejail", "one of ezjail's own directories"),
        ("42", "needs something besides digits"),
        ("x" * 64, "at most 63 characters"),
        ("a\0b", "Null characters"),
        ("test", "There is a jail called test on this host already."),
        ("two-example", "ezjail would take two-example for the jail two.example"),
    ],
)
def test_a_bad_name_is_told_at_the_name(host, fill, name, words):
    make_jail(host, "test")
    make_jail(host, "two.example", addresses="lo0|10.0.0.3/24")
    form = fill(LOOPBACK, name=name)
    assert list(form.errors) == ["name"]
    assert words in form.errors["name"][0]
    assert form.wanted is None


ROWS = {
    "no address": ([("lo0", "", "24")], {"address-0": "at least one address"}),
    "no address at all": ([], {"address-0": "at least one address"}),
    "no IP address": ([("lo0", "10.0.0", "24")], {"address-0": "no IPv4 or IPv6 address"}),
    "an option": ([("lo0", "-v", "24")], {"address-0": "no IPv4 or IPv6 address"}),
    "a command": ([("lo0", "10.0.0.7;id", "24")], {"address-0": "no IPv4 or IPv6 address"}),
    "two in one": ([("lo0", "10.0.0.7,10.0.0.8", "24")], {"address-0": "no IPv4 or IPv6 address"}),
    "a scope": ([("lo0", "fe80::1%lo0", "64")], {"address-0": "Leave out the part from the %"}),
    "the network itself": ([("lo0", "10.0.0.0", "24")], {"address-0": "the address of the network"}),
    "the broadcast address": ([("lo0", "10.0.0.255", "24")], {"address-0": "the broadcast address"}),
    "no prefix": ([("lo0", "10.0.0.7", "")], {"prefix-0": "a number of bits"}),
    "a mask": ([("lo0", "10.0.0.7", "255.255.255.0")], {"prefix-0": "a number of bits"}),
    "too long a prefix": ([("lo0", "10.0.0.7", "33")], {"prefix-0": "from 1 to 32"}),
    "no interface": ([("", "10.0.0.7", "24")], {"interface-0": "An interface's name"}),
    "another interface": ([("em0", "10.0.0.7", "24")], {"interface-0": "It has: re0, lo0."}),
    "an interface with a bar": ([("lo0|", "10.0.0.7", "24")], {"interface-0": "An interface's name"}),
    "a jail's": ([("lo0", "10.0.0.2", "24")], {"address-0": "The jail test on this host has 10.0.0.2"}),
    "the host's own": ([("lo0", "10.0.0.1", "24")], {"address-0": "the host's own address on lo0"}),
    "the same twice": ([LOOPBACK, LOOPBACK], {"address-1": "given twice"}),
    "two that are wrong": (
        [LOOPBACK, ("em0", "10.0.0.8", "99")],
        {"prefix-1": "from 1 to 32"},
    ),
    "one of each": (
        [("lo0", "x", "24"), ("lo0", "10.0.0.8", "x"), ("em0", "10.0.0.9", "24")],
        {"address-0": "no IPv4", "prefix-1": "a number of bits", "interface-2": "no interface em0"},
    ),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_bad_row_is_told_in_that_row(host, fill, case):
    make_jail(host, "test")
    rows, wanted = ROWS[case]
    form = fill(*rows)
    assert not form.is_valid()
    assert form.wanted is None
    assert set(form.row_errors) == set(wanted)
    for name, words in wanted.items():
        assert words in form.row_errors[name][0]
    assert form.non_field_errors() == ["Look at the addresses below."]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({}, {"public_first": [PUBLIC_FIRST]}),
        ({"public_first_reason": "No tick."}, {"public_first": [PUBLIC_FIRST]}),
        (
            {"public_first": "on"},
            {
                "public_first_reason": ["Say why, for whoever reads the record later."],
                "public_first": [PUBLIC_FIRST],
            },
        ),
        ({"public_first": "on", "public_first_reason": "Nothing listens on localhost."}, {}),
    ],
)
def test_a_public_first_address_needs_a_tick_and_a_reason(fill, fields, errors):
    form = fill(PUBLIC, **fields)
    assert dict(form.errors) == errors
    assert form.is_public_first
    assert form.shows_public_first
    if not errors:
        assert form.wanted.public_first_reason == "Nothing listens on localhost."


def test_a_private_first_address_needs_no_reason_and_keeps_none(fill):
    form = fill(LOOPBACK, PUBLIC, public_first_reason="left over from before")
    assert form.is_valid()
    assert form.wanted.public_first_reason == ""
    assert not form.shows_public_first


def test_a_host_without_an_address_in_the_subnet_is_a_warning_and_no_error(fill):
    form = fill(("lo0", "10.5.0.2", "24"))
    assert form.is_valid()
    (warning,) = form.warnings
    assert "The host has no address of its own in 10.5.0.0/24" in warning
    assert "“ifconfig lo0 inet 10.5.0.1/24 alias”" in warning


@pytest.mark.parametrize("flavour", ["another", "-f", "../etc", "a b"])
def test_a_flavour_that_the_host_does_not_have_is_refused(fill, flavour):
    form = fill(LOOPBACK, flavour=flavour)
    assert list(form.errors) == ["flavour"]


def test_more_rows_than_there_may_be_are_refused_and_not_cut_off(fill):
    rows = [("lo0", f"10.0.0.{number + 2}", "24") for number in range(MOST_ROWS + 1)]
    assert fill(*rows[:MOST_ROWS]).is_valid()
    form = fill(*rows)
    assert not form.is_valid()
    assert f"at most {MOST_ROWS} addresses" in str(form.errors)


def test_rows_of_uneven_length_are_no_error_of_ours(host):
    data = QueryDict("name=web&address=10.0.0.7&address=10.0.0.8&interface=lo0&prefix=24")
    form = JailForm(host, data)
    assert not form.is_valid()
    assert "interface-1" in form.row_errors


def test_a_host_that_was_never_seen_gives_a_form_with_no_interfaces(db):
    form = JailForm(make_host("alpha", facts={}, seen_at=None))
    assert form.interfaces == []
    assert form.rows[0].interface == ""


def test_another_row_keeps_all_that_was_typed_and_complains_of_nothing(host):
    data = typed(LOOPBACK, ("re0", "nonsense", "x"), name="a b", flavour="example", public_first="on")
    form = JailForm.with_another_row(host, data)
    assert [(row.interface, row.address, row.prefix) for row in form.rows] == [
        LOOPBACK,
        ("re0", "nonsense", "x"),
        ("re0", "", ""),
    ]
    assert not form.errors
    text = str(form)
    assert 'value="a b"' in text
    assert '<option value="example" selected>' in text


# -- whatever is typed ------------------------------------------------------------------------------------

TEXT = st.text(max_size=30) | st.sampled_from(
    ["-f", "a;b", "$(id)", "`id`", "a\nb", "../x", "lo0|x", "10.0.0.7"]
)


@given(row=st.tuples(TEXT, TEXT, TEXT), name=TEXT, flavour=TEXT)
@example(row=LOOPBACK, name="web", flavour="")
@example(row=("lo0", "10.0.0.7\n", "24\n"), name="web\n", flavour="example\n")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_typed_no_argument_becomes_more_than_one_word(host, row, name, flavour):
    data = typed(row, name=name, flavour=flavour)
    form = JailForm(host, data)
    if not form.is_valid():
        assert form.wanted is None
        return
    (command,) = form.wanted.plan(form.host).commands
    assert command.argv[0] == "/usr/local/bin/ezjail-admin"
    for word in command.argv[1:]:
        assert word
        assert word.isprintable()
        assert not set(word) & set(" \t\n;&$`'\"\\(){}<>*?!#~")
        assert not word.startswith("-") or word == "-f"


# -- the basejail -----------------------------------------------------------------------------------------


def basejail(host: Host, query: str) -> BasejailForm:
    form = BasejailForm(host, QueryDict(query))
    form.is_valid()
    return form


def test_the_hosts_own_release_is_offered(host):
    form = BasejailForm(host)
    assert form.initial["release"] == "13.2-RELEASE"
    assert form.wish == InstallWish(form.host_release)


def test_what_is_ticked_is_asked_for(host):
    form = basejail(host, "release=13.1-RELEASE&sources=on&ports=on")
    assert form.is_valid()
    assert (str(form.cleaned_data["release"]), form.cleaned_data["sources"], form.cleaned_data["ports"]) == (
        "13.1-RELEASE",
        True,
        True,
    )


@pytest.mark.parametrize(
    "release", ["", "13.2", "latest", "-r", "13.2-RELEASE;id", "x" * 40, "13.2-RELEASE\0"]
)
def test_what_is_no_release_is_told_at_the_field(host, release):
    form = BasejailForm(host, {"release": release})
    assert list(form.errors) == ["release"]


def test_a_host_that_has_not_told_its_release_has_no_such_form(db):
    with pytest.raises(Conflict, match="Probe it first"):
        BasejailForm(make_host("alpha", release=""))
