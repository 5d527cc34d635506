"""All that a real host was told and said about rctl is read as it was meant, and printed as it was."""

from __future__ import annotations

import shlex

import pytest

from apps.freebsd.errors import InvalidInput, ParseError
from apps.freebsd.limits.amounts import humanised
from apps.freebsd.limits.catalogue import RESOURCES
from apps.freebsd.limits.rules import humanised_text, parse_rule, rule_text
from apps.freebsd.parsers.rctl import (
    Failure,
    parse_errors,
    parse_rules,
    parse_rules_humanised,
    parse_usage,
    parse_usage_humanised,
)
from tests.freebsd.cases import captured

CASES = captured("rctl")
LISTS = [name for name in CASES if name.startswith(("list-", "filter-", "after-"))]
ADDS = [
    name
    for name, case in CASES.items()
    if case["command"].startswith("rctl -a ") and name not in ("two-modes", "rules-persist")
]
# The kernel does not look whether there is such a user; rctl does.
ONLY_THE_HOST_KNOWS = ("unknown-user",)
USAGES = [name for name in CASES if name.startswith("usage") and name != "usage-bad-subject"]


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_read_and_printed_as_they_were(name):
    is_humanised = "-h" in CASES[name]["command"].split()
    seen = (parse_rules_humanised if is_humanised else parse_rules)(CASES[name]["stdout"])
    write = humanised_text if is_humanised else rule_text
    assert not seen.unread
    assert "".join(f"{write(rule)}\n" for rule in seen.rules) == CASES[name]["stdout"]


@pytest.mark.parametrize(
    ("exact", "rounded"), [("list-after-update", None), ("list-one", "list-humanised"), ("list-many",) * 2]
)
def test_exact_amounts_are_rounded_as_rctl_does_it(exact, rounded):
    texts = [humanised_text(rule) for rule in parse_rules(CASES[exact]["stdout"]).rules]
    if exact == rounded:
        rounded = "list-many-humanised"
    assert texts == (
        CASES[rounded]["stdout"].splitlines() if rounded else ["jail:test:vmemoryuse:deny=1024M"]
    )


@pytest.mark.parametrize("name", ADDS)
def test_rules_are_accepted_and_refused_as_the_host_did_it(name):
    for text in shlex.split(CASES[name]["command"])[2:]:
        if f"'{text}'" in CASES[name]["stderr"] and name not in ONLY_THE_HOST_KNOWS:
            with pytest.raises(InvalidInput):
                parse_rule(text)
        else:
            assert parse_rule(text)


@pytest.mark.parametrize("name", USAGES)
def test_usage_is_read_and_printed_as_it_was(name):
    case = CASES[name]
    asked = case["command"].split()[2:]
    is_humanised = "-hu" in case["command"]
    usage = (parse_usage_humanised if is_humanised else parse_usage)(case["stdout"], asked)
    assert list(usage) == asked
    for one in usage.values():
        assert list(one) == [resource.name for resource in RESOURCES]
    if not is_humanised:
        printed = [f"{name}={amount}" for one in usage.values() for name, amount in one.items()]
        assert printed == case["stdout"].splitlines()


def test_usage_is_rounded_as_rctl_does_it():
    (usage,) = parse_usage(CASES["usage"]["stdout"], ["jail:test"]).values()
    printed = [f"{name}={humanised(amount)}" for name, amount in usage.items()]
    assert printed == CASES["usage-humanised"]["stdout"].splitlines()


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "rctl:" in case["stderr"]])
def test_errors_are_told_apart(name):
    for error in parse_errors(CASES[name]["stderr"]):
        is_told = error.failure in (Failure.REFUSED, Failure.MALFORMED)
        assert is_told is (name != "two-modes")
        assert not is_told or (error.rule in (*CASES[name]["command"].split(), "::") or "service" in name)
        assert error.is_gone_already is (name == "remove-none")
    with pytest.raises(ParseError):
        parse_rules("", CASES[name]["stderr"])


def test_every_case_is_looked_at():
    others = set(CASES) - {*LISTS, *ADDS, *USAGES} - {n for n, c in CASES.items() if "rctl:" in c["stderr"]}
    assert others == {
        "remove-one", "remove-all-of-jail", "no-argument", "limit-hit", "rules-persist", "service-rctl-none",
        "service-rctl-stop",
    }  # fmt: skip
    (rule,) = {line for line in CASES["rules-persist"]["stdout"].splitlines() if line.startswith("jail:")}
    assert rule_text(parse_rule(rule)) == rule
    assert parse_errors(CASES["no-argument"]["stderr"])[0].failure is Failure.OTHER
