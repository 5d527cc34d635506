"""The form with which a host is set up for ezjail: each choice with its reason, the best one filled in."""

from __future__ import annotations

from ipaddress import ip_interface
from typing import Any

from django import forms
from django.http import QueryDict

from apps.jails.ezjail import rules
from apps.jails.ezjail.situation import IpInterface, Situation
from apps.jails.ezjail.wanted import HostSetup, Zfs, new_interface, suggested

_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
_ZFS_CHOICES = (
    (Zfs.JAILS.value, "Everything: each jail is a dataset, with snapshots, quotas and roll-back"),
    (Zfs.BASE.value, "Basejail and template only; jails are plain directories"),
    (Zfs.NO.value, "No: plain directories"),
)


class SetupForm(forms.Form):
    """How a host should be set up.

    Args:
        seen: The host.
        data: What was typed; None for what the panel suggests.
    """

    zfs = forms.ChoiceField(
        label="ZFS",
        choices=_ZFS_CHOICES,
        widget=forms.RadioSelect,
        help_text="It cannot be taken back for jails one by one: ezjail then makes no plain jail any more.",
    )
    jailzfs = forms.CharField(
        label="Dataset", required=False, max_length=rules.MOST_SETTING, widget=forms.TextInput(attrs=_PLAIN)
    )
    jaildir = forms.CharField(
        label="Directory of the jails",
        max_length=rules.MOST_SETTING,
        help_text="Basejail, template, flavours, archives and jails live here. It is hard to change later.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    mirror = forms.CharField(
        label="Mirror",
        max_length=rules.MOST_SETTING,
        help_text="ezjail's own default is plain FTP, on which anyone can change what is fetched.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    exec_stop = forms.BooleanField(
        label="Let jails shut down properly",
        required=False,
        help_text="Without it, ezjail kills a jail's processes when it stops: databases do not like that.",
    )
    interface = forms.ChoiceField(required=False)
    address = forms.CharField(
        label="The host's address there",
        required=False,
        max_length=50,
        help_text="With its prefix length. The jails' subnet follows from it, and host and jails meet there.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    quiet = forms.BooleanField(
        label="Switch off the warning at each start",
        required=False,
        help_text="/etc/rc.d/jail says each time that ezjail's way is old; jail_confwarn=NO ends that.",
    )

    def __init__(self, seen: Situation, data: QueryDict | None = None) -> None:
        self.seen = seen
        self.notes: list[str] = []
        self.wanted: HostSetup | None = None
        first = suggested(seen)
        super().__init__(data, initial=first.to_json())
        self.fields["interface"] = forms.ChoiceField(
            label="Interface for the jails",
            required=False,
            choices=_interfaces(seen),
            help_text="A loopback of their own keeps jails off the network until a firewall lets them out.",
        )
        if not seen.pools:
            for name in ("zfs", "jailzfs"):
                del self.fields[name]
        else:
            self.fields["jailzfs"].help_text = _datasets(seen)
        if data is None:
            self.wanted = first

    def clean_address(self) -> IpInterface | None:
        """Read the address."""
        text: str = self.cleaned_data["address"].strip()
        if not text:
            return None
        try:
            if "/" not in text or "%" in text:
                raise ValueError(text)  # noqa: TRY301  one complaint for all of it
            return ip_interface(text)
        except ValueError:
            raise forms.ValidationError(
                "Write an address with its prefix length, such as 10.0.0.1/24."
            ) from None

    def clean(self) -> dict[str, Any]:
        """Check everything together against the host."""
        data = super().clean() or {}
        if self.errors:
            return data
        wanted = _wanted(data)
        for name, sentence in rules.check_setup(wanted, self.seen):
            self.add_error(name if name in self.fields else None, sentence)
        if not self.errors:
            self.wanted = wanted
        return data


def _wanted(data: dict[str, Any]) -> HostSetup:
    zfs = Zfs(data.get("zfs", Zfs.NO))
    interface: str = data["interface"]
    return HostSetup(
        jaildir=data["jaildir"],
        mirror=data["mirror"].rstrip("/"),
        exec_stop=data["exec_stop"],
        zfs=zfs,
        jailzfs="" if zfs is Zfs.NO else data["jailzfs"],
        interface=interface,
        address=data["address"] if interface else None,
        quiet=data["quiet"],
    )


def as_typed(intent: dict[str, Any]) -> QueryDict:
    """Return a job's wish as the form that it came from."""
    fields = QueryDict(mutable=True)
    for name, value in HostSetup.from_json(intent).to_json().items():
        if value is True:
            fields[name] = "on"
        elif value is not False:
            fields[name] = str(value)
    return fields


def _interfaces(seen: Situation) -> list[tuple[str, str]]:
    new = new_interface(seen)
    there = [name for name in seen.interfaces if name.startswith("lo")]
    own = [(name, f"{name}, which is there") for name in sorted(there, key=lambda name: name == "lo0")]
    labels = [
        (name, "lo0, as an alias of the host's own loopback" if name == "lo0" else label)
        for name, label in own
    ]
    return [(new, f"{new}, made for them"), *labels, ("", "None: leave the network as it is")]


def _datasets(seen: Situation) -> str:
    mounted = [f"{name} ({place})" for name, place in seen.datasets.items() if place and "/" in name]
    pools = ", ".join(seen.pools)
    known = f" There are: {', '.join(mounted[:6])}." if mounted else ""
    return f"ezjail makes it where it is not there. Pools: {pools}.{known}"
