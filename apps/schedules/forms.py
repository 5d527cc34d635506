"""The form of a schedule: from what is typed to what is wanted, each complaint next to its field."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.http import QueryDict

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.freebsd.errors import InvalidInput
from apps.hosts.models import Host, HostGroup
from apps.hosts.queries import host_list
from apps.jails.queries import jail_list
from apps.schedules.models import Schedule, Target
from apps.schedules.naming import WEEKDAYS
from apps.schedules.queries import may_schedule
from apps.schedules.services import Wanted
from apps.schedules.spoken import HOURS, MINUTES, Every, Time, time_of
from apps.schedules.when import Timing

_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
_EVERY = {
    Every.MINUTES: "every few minutes",
    Every.HOURS: "every few hours",
    Every.DAY: "every day",
    Every.WEEK: "every week",
    Every.MONTH: "every month",
    Every.CRON: "as a cron line says",
}
# Which fields each form of time has; the others may hold anything.
FIELDS_OF = {
    Every.MINUTES: ("minutes",),
    Every.HOURS: ("hours", "minute"),
    Every.DAY: ("clock",),
    Every.WEEK: ("weekdays", "clock"),
    Every.MONTH: ("day", "clock"),
    Every.CRON: ("line",),
}
TIME_FIELDS = ("minutes", "hours", "minute", "clock", "weekdays", "day", "line")
FIELDS_ON = {Target.HOST: ("host",), Target.JAIL: ("host", "jail"), Target.GROUP: ("group",)}
TARGET_FIELDS = ("host", "group", "jail")


class ScheduleForm(forms.Form):
    """Name, what, on what, and when."""

    name = forms.CharField(label="Name", max_length=100, widget=forms.TextInput(attrs=_PLAIN))
    kind = forms.ChoiceField(label="What")
    target = forms.ChoiceField(label="On")
    host = forms.ModelChoiceField(
        label="Host", queryset=Host.objects.none(), required=False, empty_label="Choose a host"
    )
    group = forms.ModelChoiceField(
        label="Group", queryset=HostGroup.objects.all(), required=False, empty_label="Choose a group"
    )
    jail = forms.CharField(
        label="Jail",
        max_length=255,
        required=False,
        help_text="Its name, as in the list of jails.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    every = forms.ChoiceField(label="When", choices=list(_EVERY.items()))
    minutes = forms.TypedChoiceField(
        label="Every", coerce=int, choices=[(n, "minute" if n == 1 else f"{n} minutes") for n in MINUTES]
    )
    hours = forms.TypedChoiceField(
        label="Every", coerce=int, choices=[(n, "hour" if n == 1 else f"{n} hours") for n in HOURS]
    )
    minute = forms.IntegerField(label="Minutes past the hour", min_value=0, max_value=59)
    weekdays = forms.TypedMultipleChoiceField(
        label="Days",
        coerce=int,
        choices=[(day, WEEKDAYS[day]) for day in (1, 2, 3, 4, 5, 6, 0)],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one day."},
    )
    day = forms.IntegerField(
        label="Day of the month",
        min_value=1,
        max_value=31,
        help_text="A month that has no such day is left out.",
    )
    clock = forms.TimeField(
        label="At",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        input_formats=["%H:%M", "%H:%M:%S"],
    )
    line = forms.CharField(
        label="Cron line",
        max_length=100,
        help_text="Minute, hour, day, month, weekday. A day and a weekday must both match.",
        widget=forms.TextInput(attrs=_PLAIN | {"class": "font-monospace", "placeholder": "0 3 1-7 * mon"}),
    )

    def __init__(
        self, actor: Actor, data: QueryDict | None = None, *, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=_first_values() | (initial or {}))
        self._actor = actor
        self.wanted: Wanted | None = None
        self.timing: Timing | None = None if self.is_bound else _parsed(str(self.initial["line"]))
        self.kinds = may_schedule(actor)
        everywhere = actor.may(Perm.SCHEDULE_CHANGE)
        targets = [t for t in Target if everywhere or t in {Target.HOST, Target.JAIL}]
        _field(self, "kind").choices = [(kind.name, kind.label) for kind in self.kinds]
        _field(self, "target").choices = [(target.value, target.label) for target in targets]
        if not everywhere:
            # Nor does the page name groups to whom it offers none.
            self.fields["group"].queryset = HostGroup.objects.none()  # type: ignore[attr-defined]
        hosts = host_list(actor, Perm.SCHEDULE_CHANGE).only("pk", "name")
        self.fields["host"].queryset = hosts  # type: ignore[attr-defined]  # a ModelChoiceField

    def clean_name(self) -> str:
        """Take a name that can stand in a line."""
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise forms.ValidationError("A name has no control characters.")
        return name

    def clean(self) -> dict[str, Any]:
        """Put together what is wanted; what the chosen forms have no use for may hold anything."""
        data = super().clean() or {}
        self._forgive(TIME_FIELDS, FIELDS_OF.get(data.get("every") or Every.CRON, ()))
        self._forgive(TARGET_FIELDS, FIELDS_ON.get(data.get("target") or Target.ALL, ()))
        jail = self._jail(data)
        self.timing = self._timing(data)
        if self.timing and not self.errors:
            self.wanted = Wanted(
                name=data["name"], kind=data["kind"], target=Target(data["target"]), line=self.timing.line,
                host=data.get("host"), group=data.get("group"), jail=jail,
            )  # fmt: skip
        return data

    def complain(self, error: InvalidInput) -> None:
        """Put a service's complaint next to its field."""
        self.add_error(error.field if error.field in self.fields else None, error.message)

    def _forgive(self, names: tuple[str, ...], used: tuple[str, ...]) -> None:
        for name in set(names) - set(used):
            self.errors.pop(name, None)

    def _jail(self, data: dict[str, Any]) -> str:
        """Return the safe name of the jail that was typed."""
        host, typed = data.get("host"), data.get("jail")
        if data.get("target") != Target.JAIL or host is None or not typed:
            return ""
        jails = jail_list(self._actor).filter(host=host)
        jail = jails.filter(name=typed).first() or jails.filter(safe_name=typed).first()
        if jail is None:
            self.add_error("jail", f"There is no jail {typed} on {host.name}.")
            return ""
        return jail.safe_name

    def _timing(self, data: dict[str, Any]) -> Timing | None:
        every = data.get("every")
        if not every or set(FIELDS_OF[Every(every)]) & set(self.errors):
            return None
        try:
            return Timing.parse(_time(Every(every), data).line)
        except InvalidInput as error:
            self.add_error("line" if every == Every.CRON else "every", error.message)
            return None


def values_of(schedule: Schedule) -> dict[str, Any]:
    """Return what the form of a schedule holds at first."""
    when = time_of(schedule.line)
    return {
        "name": schedule.name,
        "kind": schedule.kind,
        "target": schedule.target,
        "host": schedule.host_id,
        "group": schedule.group_id,
        "jail": schedule.jail,
    } | _shown(when)


def suggested(query: QueryDict) -> dict[str, Any]:
    """Return what a link to an empty form suggests; the form takes nothing that it would not offer."""
    names = ("name", "kind", "target", "host", "jail")
    values = {name: query[name][:100] for name in names if query.get(name)}
    timing = _parsed(query.get("line", ""))
    return values | (_shown(time_of(timing.line)) if timing else {})


def _parsed(line: str) -> Timing | None:
    try:
        return Timing.parse(line)
    except InvalidInput:
        return None


def _first_values() -> dict[str, Any]:
    return {"target": Target.ALL} | _shown(Time(Every.DAY))


def _shown(when: Time) -> dict[str, Any]:
    counted = {"minutes": when.count} if when.every == Every.MINUTES else {"minutes": 15}
    return counted | {
        "every": when.every,
        "hours": when.count if when.every == Every.HOURS else 6,
        "minute": when.minute,
        "weekdays": list(when.weekdays),
        "day": when.day,
        "clock": time(when.hour, when.minute),
        "line": when.text or when.line,
    }


def _time(every: Every, data: dict[str, Any]) -> Time:
    clock: time = data.get("clock") or time()
    past = data.get("minute") or 0
    return Time(
        every,
        count=data["hours"] if every == Every.HOURS else data.get("minutes") or 15,
        hour=clock.hour,
        minute=past if every == Every.HOURS else clock.minute,
        weekdays=tuple(data.get("weekdays") or ()),
        day=data.get("day") or 1,
        text=data.get("line") or "",
    )


def _field(form: forms.Form, name: str) -> forms.ChoiceField:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  says so to the type checker
    return field
