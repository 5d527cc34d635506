"""A change of limits, stopped anywhere: nothing is ever without a limit that it had and keeps.

The kernel here is a list of rules that does what reference rctl §4 and §5 say of -a and -r.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.commands import FileChange
from apps.freebsd.errors import InvalidInput
from apps.freebsd.limits.actions import Subject
from apps.freebsd.limits.change import HostLimits, before_renaming, change, forget, left_of
from apps.freebsd.limits.model import LimitRule
from apps.freebsd.limits.rctl_conf import RctlConf
from apps.freebsd.limits.rules import parse_rule, rule_text
from tests.freebsd.limits.generated import rules

FEW = rules(names=st.sampled_from(["test", "tes", "test2"]), subjects=(Subject.JAIL,), highest=3)


def _added(host, text):
    rule = parse_rule(text)
    kept = [one for one in host if one != rule and not (rule.action == "deny" and one.key == rule.key)]
    return (rule, *kept)


def _removed(host, text):
    head, _, per = text.rpartition("/")
    kept = tuple(one for one in host if (rule_text(one).split("/")[0], one.per) != (head, per))
    assert kept != host, f"rctl would fail: no {text}"
    return kept


def _played(host, steps):
    """Give what the host has before, between and after the steps."""
    yield host
    for step in steps:
        if isinstance(step, FileChange):
            assert step.before == host.conf
            host = HostLimits(host.rules, step.after)
        else:
            act = {"-a": _added, "-r": _removed}[step.argv[1]]
            now = host.rules
            for text in step.argv[2:]:
                now = act(now, text)
                yield HostLimits(now, host.conf)  # one call is not one step for the kernel
            host = HostLimits(now, host.conf)
        yield host


def _loaded(texts):
    host = ()
    for text in texts:
        host = _added(host, text)
    return host


def _jails_own(chosen):
    return list({rule.key: rule for rule in chosen}.values())


@given(st.lists(FEW, max_size=6), st.lists(FEW, max_size=4), st.booleans())
def test_a_limit_that_stays_is_there_all_the_time(there, wanted, is_kept):
    there = _loaded(map(rule_text, there))
    host = HostLimits(there, "# by hand\n" + "".join(f"{rule_text(rule)}\n" for rule in there))
    before = [rule for rule in there if rule.subject_id == "test"]
    after = _jails_own(rule for rule in wanted if rule.subject_id == "test") + before * is_kept
    if len({rule.key for rule in after if rule.action == "deny"}) < sum(
        r.action == "deny" for r in set(after)
    ):
        with pytest.raises(InvalidInput):
            change(host, before, after)
        return
    keeps = {rule.key for rule in before} & {rule.key for rule in after}
    for now in _played(host, change(host, before, after)):
        for rules_now in (now.rules, RctlConf.parse(now.conf).rules):
            assert keeps <= {rule.key for rule in rules_now}
            assert {rule for rule in there if rule.subject_id != "test"} <= set(rules_now)
        *_, anew = _played(now, change(now, before, after))  # it stopped here, and is planned anew
        assert set(anew.of(Subject.JAIL, "test")) == set(after)
    assert set(now.of(Subject.JAIL, "test")) == set(after)
    assert set(RctlConf.parse(now.conf).rules_of(Subject.JAIL, "test")) == set(after)
    assert change(now, after, after) == ()


@given(st.lists(FEW, max_size=6))
def test_limits_follow_a_jail_to_its_new_name(there):
    there = _loaded(map(rule_text, there))
    host = HostLimits(there, "".join(f"{rule_text(rule)} # why\n" for rule in there))
    own = {rule for rule in there if rule.subject_id == "test"}
    *_, both = _played(host, before_renaming(host, "test", "new"))
    for rules_now in (both.rules, RctlConf.parse(both.conf).rules):
        assert own | {rule.renamed("new") for rule in own} <= set(rules_now)
    *_, now = _played(both, forget(both, "test"))
    assert left_of(now, "test") == ()
    assert set(left_of(now, "new")) == {rule.renamed("new") for rule in own}
    assert set(now.rules) == {rule for rule in there if rule.subject_id != "test"} | set(left_of(now, "new"))
    assert now.conf.count("# why") == len(there)


def test_the_steps_of_a_change_in_their_order():
    old, new = (LimitRule.of_jail("test", "maxproc", "log", amount) for amount in (100, 120))
    deny, more = (LimitRule.of_jail("test", "vmemoryuse", "deny", amount) for amount in (2**29, 2**30))
    add, write, remove = change(HostLimits((old, deny)), [old, deny], [new, more])
    assert add.argv[1:] == ("-a", "jail:test:maxproc:log=120", "jail:test:vmemoryuse:deny=1073741824")
    assert (write.before, write.after) == (
        None,
        "jail:test:maxproc:log=120\njail:test:vmemoryuse:deny=1073741824\n",
    )
    assert remove.argv[1:] == ("-r", "jail:test:maxproc:log=100/jail")


def test_two_amounts_of_one_deny_are_refused():
    rule = LimitRule.of_jail("test", "maxproc", "deny", 1)
    with pytest.raises(InvalidInput, match="maxproc"):
        change(HostLimits(), [], [rule, LimitRule.of_jail("test", "maxproc", "deny", 2)])
    assert len(change(HostLimits(), [], [rule, rule])) == 2


def test_nothing_is_done_for_a_jail_without_limits():
    host = HostLimits((LimitRule.of_jail("test2", "maxproc", "deny", 1),), "# mine\n")
    assert forget(host, "test") == before_renaming(host, "test", "new") == change(host, [], []) == ()
