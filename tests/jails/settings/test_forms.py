"""The form over files as people leave them: nothing raises, and what nobody touched does not change."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.actor import PANEL
from apps.freebsd.jail_file import JailFile
from apps.jails.settings.fields import doubt, shown
from apps.jails.settings.forms import SettingsForm
from tests.jails.settings.posts import FILE

NASTY = sorted((Path(__file__).parents[2] / "fixtures" / "ezjail-files").glob("*.txt"))
EXTRAS = """# REQUIRE: other
export jail_test_exec_prestart0='/bin/echo  "two  blanks"'
export jail_test_exec_prestart1="/bin/b"
jail_test_unheard_of=bare
logger "$jail_test_hostname" || true
"""
# Fields by the variable that they write, with values that each takes.
VALUES = {
    "v-cpuset": ("cpuset", st.sampled_from(["0", "0-1", ""])),
    "v-fib": ("fib", st.sampled_from(["0", "1", ""])),
    "v-retention_policy": ("retention_policy", st.sampled_from(["7x1d KEEP", ""])),
    "v-exec_stop": ("exec_stop", st.text(st.sampled_from("ab /-|&;<>()*'#"), max_size=20).map(str.strip)),
    "v-exec_prestart": (
        "exec_prestart",
        st.lists(st.sampled_from(["/a", "/b 1", "/c"]), max_size=5).map("\n".join),
    ),
    "p-allow-raw_sockets": ("parameters", st.sampled_from(["", "0", "1"])),
    "p-sysvshm": ("parameters", st.sampled_from(["", "new"])),
}


def sent(form: SettingsForm, **changed: str) -> QueryDict:
    """Return what a browser sends of a form that was shown, with some fields changed."""
    data = QueryDict(mutable=True)
    values = {name: value for name, value in form.first.items() if name != "ip"} | changed
    for name, value in values.items():
        if value and name not in form.reasons:
            data[name] = value
    for row in form.rows:
        for column in ("interface", "address", "prefix"):
            data.appendlist(column, getattr(row, column))
    return data


def text_after(form: SettingsForm) -> str | None:
    """Return the file's text as the form's plan leaves it; None when the form holds something wrong."""
    if not form.is_valid() or form.prepared is None:
        return None
    return form.prepared.plan.commands[0].after


def others(text: str, *variables: str) -> list[str]:
    names = "|".join(variables)
    return [line for line in text.splitlines() if not re.search(rf"jail_test_(?:{names})[0-9]*=", line)]


@pytest.mark.parametrize("path", NASTY, ids=lambda path: path.stem)
def test_a_nasty_file_is_shown_and_left_alone(jail, path):
    text = path.read_bytes().decode("utf-8", "replace")
    jail.safe_name = "web" if "jail_web_" in text else "test"
    jail.config_text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    form = SettingsForm(jail, PANEL)
    assert form.kept is not None
    assert [group.group.title for group in form.groups]
    again = SettingsForm(jail, PANEL, sent(form))
    assert text_after(again) is None
    assert [*again.errors] == ["__all__"], "nothing that nobody touched is a change, or wrong"


@pytest.mark.parametrize("path", NASTY, ids=lambda path: path.stem)
def test_a_nasty_file_takes_a_change_to_the_byte_or_says_why_not(jail, path):
    text = path.read_bytes().decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    jail.safe_name, jail.config_text = ("web" if "jail_web_" in text else "test"), text
    form = SettingsForm(jail, PANEL)
    made = text_after(SettingsForm(jail, PANEL, sent(form, **{"v-retention_policy": "7x1d"})))
    if made is None:
        assert form.reasons.get("v-retention_policy") or form.file.problem
        return
    before, after = (JailFile(jail.safe_name, one) for one in (text, made))
    assert after.value("retention_policy") == "7x1d"
    assert before.shell.others(f"jail_{jail.safe_name}_retention_policy") == after.shell.others(
        f"jail_{jail.safe_name}_retention_policy"
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries({}, optional={name: values for name, (_, values) in VALUES.items()}))
def test_only_the_lines_of_what_was_touched_change(jail, changed):
    jail.config_text = FILE + EXTRAS
    form = SettingsForm(jail, PANEL)
    touched = {name: value for name, value in changed.items() if form.first[name] != value}
    bound = SettingsForm(jail, PANEL, sent(form, **changed))
    made = text_after(bound)
    if not touched:
        assert made is None
        return
    assert made is not None, bound.errors
    variables = {VALUES[name][0] for name in touched}
    assert others(made, *variables) == others(jail.config_text, *variables)
    file = JailFile("test", made)
    assert {one.name: shown(one, file) for one in form.settings} == {
        name: value for name, value in form.first.items() if name not in ("ip", "runs_at_boot")
    } | touched


def test_what_is_doubtful_is_said_once_for_each_field(jail):
    jail.config_text = FILE + 'export jail_test_exec_prestart0="$X"\n'
    form = SettingsForm(jail, PANEL)
    assert "The shell computes it" in form.reasons["v-exec_prestart"]
    assert not any(doubt(one, form.file) for one in form.settings if one.key == "fib")
