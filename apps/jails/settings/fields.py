"""From a setting to a field of a form and back: a value that nobody touched is never written anew."""

from __future__ import annotations

from django import forms

from apps.freebsd.errors import InvalidInput
from apps.freebsd.jail_file import LONGEST_VALUE, JailFile, check_value
from apps.freebsd.jail_params import Parameters
from apps.freebsd.setting_kinds import Kind
from apps.jails.settings.catalogue import Setting

PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
MONO = PLAIN | {"class": "font-monospace"}
MOST_LINES = 20
ON = "on"


def field_of(setting: Setting, initial: str) -> forms.Field:
    """Return a setting's field.

    Args:
        setting: Which.
        initial: What `shown` gives of it.
    """
    help_text = " ".join(part for part in (setting.known.meaning, setting.danger) if part)
    common = {"label": setting.label, "required": False, "help_text": help_text}
    if setting.is_numbered:
        lines = forms.Textarea(attrs=MONO | {"rows": max(1, initial.count("\n") + 1)})
        return forms.CharField(max_length=MOST_LINES * LONGEST_VALUE, widget=lines, **common)  # type: ignore[arg-type]
    kind = setting.known.kind
    if kind in (Kind.RC_YES, Kind.YES):
        return forms.BooleanField(**common)  # type: ignore[arg-type]
    if kind is Kind.TRUTH or setting.known.choices:
        return forms.ChoiceField(choices=_choices(setting, initial), **common)  # type: ignore[arg-type]
    hint = {"inputmode": "numeric"} if kind is Kind.NUMBER else {}
    placeholder = {"placeholder": setting.known.default} if setting.is_parameter else {}
    widget = forms.TextInput(attrs=MONO | hint | placeholder)
    return forms.CharField(max_length=LONGEST_VALUE, widget=widget, **common)  # type: ignore[arg-type]


def _choices(setting: Setting, initial: str) -> list[tuple[str, str]]:
    default = setting.known.default or ""
    if setting.known.kind is Kind.TRUTH:
        words = {"true": "yes", "false": "no"}
        made = [("", f"as by default: {words.get(default, default)}"), ("1", "yes"), ("0", "no")]
    else:
        made = [("", f"as by default: {default}"), *((word, word) for word in setting.known.choices)]
    odd = [] if initial in dict(made) else [(initial, f"{initial} (what the file says)")]
    return [*made, *odd]


def shown(setting: Setting, file: JailFile) -> str:
    """Return what a setting's field holds for a file; ON for a box that is ticked."""
    if setting.is_parameter:
        return _parameter(setting, Parameters.parse(file.value("parameters")))
    if setting.is_numbered:
        return "\n".join(file.value(name) for name in file.numbered(setting.key))
    value = file.value(setting.key)
    if setting.known.kind in (Kind.RC_YES, Kind.YES):
        return ON if _is_on(setting, value) else ""
    return value


def _is_on(setting: Setting, value: str) -> bool:
    try:
        return bool(setting.known.read(value))
    except InvalidInput:
        return False


def _parameter(setting: Setting, words: Parameters) -> str:
    value = words.value(setting.key)
    if value is None:
        return ""
    try:
        truth = setting.known.kind is Kind.TRUTH and str(int(bool(setting.known.read(value))))
    except InvalidInput:
        return value
    return truth or value


def doubt(setting: Setting, file: JailFile) -> str:
    """Return why a setting cannot be changed with certainty in a file, or empty."""
    if setting.is_parameter:
        return file.doubt("parameters")
    names = file.numbered(setting.key) if setting.is_numbered else (setting.key,)
    return next((why for name in names if (why := file.doubt(name))), "") or file.problem


def written(setting: Setting, text: str, file: JailFile) -> dict[str, str | None]:
    """Return the variables that a setting's new value comes to; not for a parameter.

    Args:
        setting: Which.
        text: What its field holds.
        file: The file as it is.

    Raises:
        InvalidInput: It is no such value.
    """
    if setting.is_numbered:
        return _numbered(setting, text, file)
    if setting.known.kind is Kind.YES:
        return {setting.key: "YES" if text else ""}
    if setting.known.kind is Kind.RC_YES:
        return {setting.key: "YES" if text else "NO"}
    value = check_value(setting.key, text.strip())
    # What ezjail's own 22 variables do not say is said by an empty value; others go altogether.
    is_ezjails = setting.known.default is not None
    return {setting.key: value if value or is_ezjails else None}


def _numbered(setting: Setting, text: str, file: JailFile) -> dict[str, str | None]:
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    if len(lines) > MOST_LINES:
        raise InvalidInput(f"There can be at most {MOST_LINES} of them.", field=setting.key)
    wanted = {f"{setting.key}{number}": line for number, line in enumerate(lines)}
    for name, line in wanted.items():
        check_value(name, line)
    gone = {name: None for name in file.numbered(setting.key) if name not in wanted}
    return {**wanted, **gone}
