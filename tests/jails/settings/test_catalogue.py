"""Every setting of the catalogues has its place, and docs/ezjail.md says which."""

from __future__ import annotations

import pytest

from apps.freebsd.jail_file import JailFile
from apps.freebsd.jail_params import PARAMETERS
from apps.freebsd.jail_variables import VARIABLES
from apps.jails.settings.catalogue import SETTINGS
from apps.jails.settings.fields import field_of, shown
from apps.jails.settings.keeping import kept_settings
from tests.freebsd.ezjail_table import table_on_page
from tests.jails.settings.posts import FILE

FIELDS = {setting.key for setting in SETTINGS.values() if not setting.is_parameter}
BESIDES = {"ip", "parameters", "hostname"}  # rows of addresses, a field for each parameter, the rename


def said(key: str) -> dict[str, str]:
    """Return what the page says of each row, by its name."""
    return {row[0].strip("`").split("0, ")[0]: row[-1] for row in table_on_page(key)[2:]}


def test_every_parameter_has_a_field():
    fields = [setting.key for setting in SETTINGS.values() if setting.is_parameter]
    assert sorted(fields) == sorted(parameter.name for parameter in PARAMETERS)
    assert all(where.startswith("Yes: *Settings*") for where in said("parameters").values())


def test_what_the_page_says_of_a_variable_is_so():
    for name, where in said("variables").items():
        assert where.startswith("Yes: ") == (name in FIELDS | BESIDES), name


def test_a_variable_without_a_field_is_shown_and_kept():
    names = [variable.name for variable in VARIABLES if variable.name not in FIELDS | BESIDES | {"ip_multi"}]
    text = FILE + "".join(f'export jail_test_{name}="/x"\n' for name in names)
    kept = {name for name, _, _ in kept_settings(JailFile("test", text))}
    assert {*names} <= kept


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_a_field_offers_what_the_file_says_whatever_that_is(setting):
    word = f"{setting.key}=odd" if setting.is_parameter else ""
    text = FILE.replace('parameters=""', f'parameters="{word}"')
    if not setting.is_parameter:
        text += f'export jail_test_{setting.key}{"0" * setting.is_numbered}="odd"\n'
    first = shown(setting, JailFile("test", text))
    field = field_of(setting, first)
    assert first in {"odd", ""} - ({""} if setting.is_parameter else set())
    choices = getattr(field, "choices", None)
    assert choices is None or first in dict(choices)
