"""A plan is the exact commands: what is shown, stored, hashed and run are the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.commands import Command
from apps.jobs.plan import Plan

PLAN = Plan(
    "jails.delete",
    "Delete the jail web",
    (
        Command(("/usr/local/bin/ezjail-admin", "onestop", "web"), "Stop it.", "start it", 60),
        Command(("/usr/local/bin/ezjail-admin", "delete", "web"), "Forget it."),
    ),
    checks=("jls shows no web",),
    warnings=("Nothing brings it back.",),
)
texts = st.text(max_size=20)
plans = st.builds(
    Plan,
    kind=texts,
    title=texts,
    commands=st.lists(
        st.builds(
            Command,
            argv=st.lists(texts, min_size=1, max_size=4).map(tuple),
            purpose=texts,
            undo=st.none() | texts,
            timeout_s=st.integers(1, 10**6),
        ),
        max_size=3,
    ).map(tuple),
    checks=st.lists(texts, max_size=2).map(tuple),
    warnings=st.lists(texts, max_size=2).map(tuple),
)


@given(plans)
def test_a_plan_comes_back_from_json_as_it_was(plan):
    again = Plan.from_json(json.loads(json.dumps(plan.to_json())))
    assert again == plan
    assert again.hash == plan.hash


def test_the_hash_is_the_same_in_every_process():
    assert PLAN.hash == "e664d536735b1b2aac06d38e60412952aef9b547d0e610ed03fd3836d1b6b361"


def change(step: int, **values) -> Plan:
    commands = list(PLAN.commands)
    commands[step] = replace(commands[step], **values)
    return replace(PLAN, commands=tuple(commands))


@pytest.mark.parametrize(
    "other",
    [
        change(0, argv=("/usr/local/bin/ezjail-admin", "onestop", "web2")),
        change(1, argv=("/usr/local/bin/ezjail-admin", "delete", "-w", "web")),
        change(1, argv=("/usr/local/bin/ezjail-admin", "delete web")),
        change(0, purpose="Stop it now."),
        change(0, undo=None),
        change(0, timeout_s=61),
        replace(PLAN, commands=PLAN.commands[::-1]),
        replace(PLAN, commands=PLAN.commands[1:]),
        replace(PLAN, kind="jails.stop"),
        replace(PLAN, title="Delete the jail web2"),
        replace(PLAN, checks=()),
        replace(PLAN, warnings=()),
    ],
)
def test_whatever_differs_changes_the_hash(other):
    assert other.hash != PLAN.hash
