"""Rules and amounts: read and written without loss, and nothing gets through that rctl would misread."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import InvalidInput
from apps.freebsd.limits.actions import ACTIONS, PER_MEANING, SUBJECT_MEANING, Subject
from apps.freebsd.limits.amounts import amount_text, humanised, read_amount, read_humanised
from apps.freebsd.limits.catalogue import RESOURCES, resource_named
from apps.freebsd.limits.model import LimitRule
from apps.freebsd.limits.rules import filter_text, parse_humanised, parse_rule, rule_text
from tests.freebsd.limits.generated import rules

BYTES, PERCENT, SECONDS = (resource_named(name) for name in ("vmemoryuse", "pcpu", "cputime"))


@given(rules())
def test_a_printed_rule_reads_back_as_the_same(rule):
    assert parse_rule(rule_text(rule)) == parse_rule(filter_text(rule)) == rule
    assert parse_rule(rule_text(rule.renamed("1")).upper()) == rule.renamed("1")


@given(st.text("jailuserp:=/,denymaxproc0159MmGk -_.\n\0'$", max_size=40))
def test_what_reads_as_a_rule_prints_as_one_that_is_equal(text):
    try:
        rule = parse_rule(f"j:{text}")
    except InvalidInput:
        return
    assert parse_rule(rule_text(rule)) == rule


@given(st.sampled_from(RESOURCES).flatmap(lambda one: st.tuples(st.just(one), st.integers(0, one.most))))
def test_an_amount_as_people_write_it_reads_back_exactly(case):
    resource, amount = case
    assert read_amount(resource, amount_text(resource, amount)) == amount
    assert read_humanised(humanised(amount)) == pytest.approx(amount, rel=0.06)


@pytest.mark.parametrize(
    ("resource", "written", "amount", "shown"),
    [
        (BYTES, "512M", 2**29, "512M"),
        (BYTES, " 1.5 GiB", 3 * 2**29, "1.5G"),
        (BYTES, "1025m", 2**30 + 2**20, "1025M"),
        (BYTES, "1000", 1000, "1000"),
        (PERCENT, "40 %", 40, "40 %"),
        (SECONDS, "90 min", 5400, "90 min"),
        (SECONDS, "1.5h", 5400, "90 min"),
        (SECONDS, "0", 0, "0 s"),
        (resource_named("writebps"), "10M/s", 10 * 2**20, "10M/s"),
        (resource_named("readiops"), "100/s", 100, "100/s"),
        (resource_named("maxproc"), "1000", 1000, "1000"),
    ],
)
def test_amounts_as_people_write_them(resource, written, amount, shown):
    assert read_amount(resource, written) == amount
    assert amount_text(resource, amount) == shown


@pytest.mark.parametrize(
    ("resource", "written"),
    [
        (BYTES, ""), (BYTES, "-1"), (BYTES, "1,5G"), (BYTES, "0.3K"), (BYTES, "40 %"), (BYTES, "8E"),
        (BYTES, "10M/s"), (BYTES, "1\n"+"2"), (BYTES, "١M"), (BYTES, "1G deny"), (PERCENT, "0.5"),
        (PERCENT, "1K"), (SECONDS, "5m"), (SECONDS, str(2**63 // 10**6 + 1)),
        (resource_named("maxproc"), "1k"),
    ],
)  # fmt: skip
def test_what_is_no_amount(resource, written):
    with pytest.raises(InvalidInput) as caught:
        read_amount(resource, written)
    assert caught.value.field == "amount"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("banana", "rule"),
        ("jail:test:memoryuse:deny", "rule"),
        ("jail:test:memoryuse:deny=1/process/jail", "rule"),
        ("planet:test:memoryuse:deny=1G", "subject"),
        ("g:wheel:memoryuse:deny=1G", "subject"),
        ("jail::memoryuse:deny=1G", "subject_id"),
        ("jail:-r:memoryuse:deny=1G", "subject_id"),
        ("jail:a b:memoryuse:deny=1G", "subject_id"),
        ("jail:a\n:memoryuse:deny=1G", "subject_id"),
        ("jail:a,b:memoryuse:deny=1G", "subject_id"),
        ("jail:a\0:memoryuse:deny=1G", "subject_id"),
        ("jail:$(id):memoryuse:deny=1G", "subject_id"),
        (f"jail:{'a' * 256}:memoryuse:deny=1G", "subject_id"),
        ("process:0:nthr:deny=1", "subject_id"),
        ("jail:test:banana:deny=1", "resource"),
        ("process:7:swapuse:deny=1", "resource"),
        ("jail:test:memoryuse:banana=1", "action"),
        ("jail:test:cputime:deny=10", "action"),
        ("jail:test:memoryuse:throttle=10M", "action"),
        ("jail:test:pcpu:throttle=10", "action"),
        ("jail:test:swapuse:deny=10M/process", "per"),
        ("jail:test:maxproc:deny=1/planet", "per"),
        ("jail:test:maxproc:deny=1/", "per"),
        ("jail:test:memoryuse:deny=banana", "amount"),
        ("jail:test:memoryuse:deny=1.5G", "amount"),
        ("jail:test:memoryuse:deny=-1", "amount"),
        ("jail:test:memoryuse:deny=010", "amount"),
        ("jail:test:memoryuse:deny=0x10", "amount"),
        ("jail:test:memoryuse:deny=8E", "amount"),
        ("jail:test:pcpu:deny=1E", "amount"),
        ("jail:test:maxproc:deny=", "amount"),
    ],
)
def test_what_rctl_refuses_or_misreads_is_refused_with_the_fields_name(text, field):
    with pytest.raises(InvalidInput) as caught:
        parse_rule(text)
    assert caught.value.field == field
    assert caught.value.message.endswith(".")


def test_a_filter_for_one_rule_says_per_whom_it_is():
    rule = LimitRule.of_jail("test", "maxproc", "log", 100)
    assert rule_text(rule) == "jail:test:maxproc:log=100"
    assert filter_text(rule) == "jail:test:maxproc:log=100/jail"


def test_humanised_rules_are_rounded():
    assert parse_humanised("jail:a:vmemoryuse:deny=9.8K").amount == 10035
    with pytest.raises(InvalidInput):
        parse_humanised("jail:a:vmemoryuse:deny=9.85K")


def test_the_catalogue_accepts_what_the_reference_says():
    names = {one.name for one in RESOURCES}
    assert len(names) == len(RESOURCES) == 25
    undeniable = {"cputime", "wallclock", "readbps", "writebps", "readiops", "writeiops"}
    assert {one.name for one in RESOURCES if "deny" not in one.actions} == undeniable
    assert {one.name for one in RESOURCES if "throttle" in one.actions} == undeniable - {
        "cputime",
        "wallclock",
    }
    assert {one.name for one in RESOURCES if one.is_shared} == {
        "pseudoterminals", "swapuse", "msgqqueued", "msgqsize", "nmsgq", "nsem", "nshm", "shmsize"
    }  # fmt: skip
    assert len([action for action in ACTIONS if action.is_signal]) == 31
    assert set(SUBJECT_MEANING) == set(PER_MEANING) == set(Subject)
