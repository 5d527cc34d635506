"""What the generated part of a rule set is made from, as a form: services out and in, ICMP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from apps.freebsd.errors import InvalidInput
from apps.freebsd.firewall.inputs import Service
from apps.network.choices import Choices, read_choices
from apps.network.models import Layout

MOST_ROWS = 60
BLANK_ROWS = 2
READY = {
    "http": Service("tcp", "80", "web pages (http)"),
    "https": Service("tcp", "443", "web pages (https)"),
    "dns": Service("udp", "53", "names (DNS)"),
    "dns-tcp": Service("tcp", "53", "long answers of DNS"),
    "ntp": Service("udp", "123", "the time (NTP)"),
    "smtp": Service("tcp", "25", "mail (SMTP)"),
    "submission": Service("tcp", "465,587", "mail (submission)"),
    "git": Service("tcp", "9418", "git"),
    "ssh": Service("tcp", "22", "SSH"),
    "whois": Service("tcp", "43", "whois"),
    "imaps": Service("tcp", "993", "mail (IMAPS)"),
    "rsync": Service("tcp", "873", "rsync"),
}
_LAYOUTS = (
    (Layout.RECOMMENDED, "Recommended: what is not let through is denied, NAT looks on"),
    (Layout.ARTICLE, "The article's, to the letter"),
    (Layout.WRITTEN, "Nothing: only the written rules"),
)


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """One row of own services as it was typed.

    Args:
        name: What its controls' names begin with, with its number: `out-0`.
        proto: The protocol.
        ports: Ports as typed.
        purpose: What it is for.
        error: What is wrong with it; or empty.
    """

    name: str
    proto: str = "tcp"
    ports: str = ""
    purpose: str = ""
    error: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not (self.ports or self.purpose)

    @property
    def service(self) -> Service:
        """The service that it says.

        Raises:
            InvalidInput: It says none.
        """
        if "\x00" in self.purpose or "\n" in self.purpose or len(self.purpose) > 60:
            raise InvalidInput("What it is for is one short line.", field="purpose")
        return Service(self.proto, self.ports.replace(" ", ""), self.purpose)


class ChoicesForm(forms.Form):
    """Layout, ready services, ICMP; own services stand in rows beside it."""

    protos = ("tcp", "udp", "sctp")
    version = forms.IntegerField(widget=forms.HiddenInput)
    layout = forms.ChoiceField(label="What is generated", choices=_LAYOUTS, widget=forms.RadioSelect)
    ready = forms.MultipleChoiceField(
        label="Ready ones",
        required=False,
        choices=[(key, service.purpose) for key, service in READY.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    icmp = forms.BooleanField(label="Answer pings, and let jails and host ping", required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.out_rows: list[ServiceRow] = []
        self.in_rows: list[ServiceRow] = []
        if data is not None:
            self.out_rows, self.in_rows = _typed(data, "out"), _typed(data, "in")

    @classmethod
    def about(cls, layout: str, choices: Mapping[str, Any], version: int) -> ChoicesForm:
        """Return the form as a rule set fills it in."""
        chosen = _read(choices)
        outgoing = chosen.outgoing
        ready = [key for key, service in READY.items() if _is_among(service, outgoing)]
        own = [service for service in outgoing if not any(_is_among(READY[key], [service]) for key in ready)]
        form = cls(initial={"layout": layout, "ready": ready, "icmp": chosen.icmp, "version": version})
        form.out_rows = _rows("out", own)
        form.in_rows = _rows("in", chosen.host_services)
        return form

    def clean(self) -> dict[str, Any]:
        """Check each row of own services; its complaint stands beside it."""
        data = super().clean() or {}
        data["own"], self.out_rows = _checked(self.out_rows)
        data["let_in"], self.in_rows = _checked(self.in_rows)
        if any(row.error for row in [*self.out_rows, *self.in_rows]):
            self.add_error(None, "A service cannot be so: it says which, and why.")
        return data

    @property
    def choices(self) -> dict[str, Any]:
        """What was chosen, as a rule set keeps it."""
        data = self.cleaned_data
        ready = [READY[key] for key in READY if key in data["ready"]]
        return {
            "outgoing": [_stored(service) for service in [*ready, *data["own"]]],
            "host_services": [_stored(service) for service in data["let_in"]],
            "icmp": data["icmp"],
        }


def _read(choices: Mapping[str, Any]) -> Choices:
    """Return what is kept; what cannot be read has its defaults, and saving puts it right."""
    try:
        return read_choices(choices)
    except InvalidInput:
        return Choices()


def _stored(service: Service) -> dict[str, str]:
    return {"proto": service.proto, "ports": service.ports, "purpose": service.purpose}


def _is_among(service: Service, others: Sequence[Service]) -> bool:
    return any((service.proto, service.ports) == (other.proto, other.ports) for other in others)


def _rows(name: str, services: Sequence[Service]) -> list[ServiceRow]:
    filled = [ServiceRow("", one.proto, one.ports, one.purpose) for one in services]
    return _named(name, filled)


def _named(name: str, rows: Sequence[ServiceRow]) -> list[ServiceRow]:
    every = [*rows, *[ServiceRow("")] * BLANK_ROWS][:MOST_ROWS]
    return [
        ServiceRow(f"{name}-{at}", row.proto, row.ports, row.purpose, row.error)
        for at, row in enumerate(every)
    ]


def _typed(data: Mapping[str, Any], name: str) -> list[ServiceRow]:
    """Return the rows that were posted, without empty ones, and blank ones after them."""
    found = []
    for at in range(MOST_ROWS):
        parts = [str(data.get(f"{name}-{at}-{part}", "")).strip() for part in ("proto", "ports", "purpose")]
        row = ServiceRow("", *parts)
        found += [] if row.is_empty else [row]
    return _named(name, found)


def _checked(rows: Sequence[ServiceRow]) -> tuple[list[Service], list[ServiceRow]]:
    services, shown = [], []
    for row in rows:
        error = ""
        try:
            services += [] if row.is_empty else [row.service]
        except InvalidInput as problem:
            error = problem.message
        shown.append(ServiceRow(row.name, row.proto, row.ports, row.purpose, error))
    return services, shown
