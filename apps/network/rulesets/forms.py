"""Forms of rule sets: making one, its name and note, a host's own values, tables."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_address
from typing import Any

from django import forms

from apps.accounts.actor import Actor
from apps.accounts.permissions import Perm
from apps.hosts.models import Host, HostGroup
from apps.hosts.queries import host_list
from apps.network.models import FirewallTable, Layout, RuleSet, SeenAddress
from apps.network.rulesets.queries import may_on
from apps.network.rulesets.tables import TableWish
from apps.network.rulesets.values import Values, interfaces_of, proposal

_OBSERVED = "observed"
MOST_NOTE = 2000
WAYS = (
    (Layout.RECOMMENDED, "The recommended set: NAT, states and a closing deny, with what you let in and out"),
    (Layout.ARTICLE, "The article's set, to the letter"),
    (Layout.WRITTEN, "Only rules that you write"),
    (_OBSERVED, "What is on the host now, taken over as written rules"),
)


class NewRuleSetForm(forms.Form):
    """Name, for whom, and how it begins."""

    name = forms.CharField(label="Name", max_length=63, widget=forms.TextInput(attrs={"autofocus": True}))
    owner = forms.ChoiceField(
        label="For", help_text="A host, or a group: then each of its hosts fills in its own values."
    )
    begins = forms.ChoiceField(
        label="Begins as", choices=WAYS, widget=forms.RadioSelect, initial=Layout.RECOMMENDED
    )
    note = forms.CharField(
        label="Note", required=False, max_length=MOST_NOTE, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hosts = {host.name: host for host in _hosts_without(actor)}
        self._groups = {group.name: group for group in _groups_without(actor)}
        owner: Any = self.fields["owner"]
        owner.choices = [
            ("Hosts", [(f"host-{name}", name) for name in self._hosts]),
            ("Groups", [(f"group-{name}", name) for name in self._groups]),
        ]

    @property
    def has_owners(self) -> bool:
        """Whether there is any host or group that could have one."""
        return bool(self._hosts or self._groups)

    @property
    def host(self) -> Host | None:
        """The host that it is for; None when it is for a group."""
        kind, _, name = self.cleaned_data["owner"].partition("-")
        return self._hosts[name] if kind == "host" else None

    @property
    def group(self) -> HostGroup | None:
        """The group that it is for; None when it is for a host."""
        kind, _, name = self.cleaned_data["owner"].partition("-")
        return self._groups[name] if kind == "group" else None

    @property
    def takes_over(self) -> bool:
        """Whether the host's rules of now are to be its written rules."""
        return bool(self.cleaned_data["begins"] == _OBSERVED)

    def clean(self) -> dict[str, Any]:
        """Have only one host's rules taken over, and only where they were seen."""
        data = super().clean() or {}
        if data.get("begins") != _OBSERVED or "owner" not in data:
            return data
        host = self.host
        if host is None:
            self.add_error("begins", "Rules are taken over from one host, so choose a host.")
        elif not getattr(getattr(host, "firewall", None), "observed", None):
            self.add_error("begins", f"The panel has not seen any rules on {host.name} yet.")
        return data


def _hosts_without(actor: Actor) -> list[Host]:
    rows = host_list(actor, Perm.FIREWALL_CHANGE).filter(rule_set=None)
    return list(rows.select_related("firewall").defer("facts"))


def _groups_without(actor: Actor) -> list[HostGroup]:
    taken = RuleSet.objects.exclude(group=None).values("group")
    groups = HostGroup.objects.exclude(pk__in=taken).prefetch_related("hosts").order_by("name")
    return [group for group in groups if may_on(actor, None, group, Perm.FIREWALL_CHANGE)]


class DescribeForm(forms.Form):
    """A rule set's name and note."""

    name = forms.CharField(label="Name", max_length=63)
    note = forms.CharField(
        label="Note", required=False, max_length=MOST_NOTE, widget=forms.Textarea(attrs={"rows": 3})
    )


class ValuesForm(forms.Form):
    """A host's own values, chosen from what was seen of it."""

    outside = forms.ChoiceField(label="Interface towards the world")
    public_addresses = forms.MultipleChoiceField(
        label="Public addresses",
        widget=forms.CheckboxSelectMultiple,
        help_text="Under which the world reaches this host. NAT hides the jails behind them.",
    )
    jail_networks = forms.CharField(
        label="Jail networks",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "font-monospace"}),
        help_text="Private networks of jails that are hidden behind NAT, one a line.",
    )
    panel_address = forms.GenericIPAddressField(
        label="The panel's address",
        required=False,
        help_text="Where this panel's SSH connection comes from, as the host sees it. It is always let in.",
    )
    panel_port = forms.IntegerField(label="SSH port", required=False, min_value=1, max_value=65535)

    def __init__(self, host: Host, *args: Any, **kwargs: Any) -> None:
        shown = proposal(host)
        first = {
            "outside": shown.outside, "public_addresses": list(shown.public_addresses),
            "jail_networks": "\n".join(shown.jail_networks),
            "panel_address": shown.panel_address, "panel_port": shown.panel_port,
        }  # fmt: skip
        kwargs["initial"] = first
        super().__init__(*args, **kwargs)
        seen = interfaces_of(host)
        outside: Any = self.fields["outside"]
        outside.choices = _interfaces(seen, shown.outside)
        public: Any = self.fields["public_addresses"]
        of_jails = SeenAddress.objects.filter(host=host).exclude(jail="").values_list("address", flat=True)
        public.choices = _addresses(seen, shown.public_addresses, frozenset(of_jails))

    def clean_jail_networks(self) -> tuple[str, ...]:
        """Read one network a line."""
        found = []
        for number, line in enumerate(self.cleaned_data["jail_networks"].split("\n"), start=1):
            if line.strip():
                found.append(_network(line.strip(), number))
        return tuple(dict.fromkeys(found))

    @property
    def values(self) -> Values:
        """What was filled in."""
        data = self.cleaned_data
        panel = data["panel_address"] or ""
        networks, public = data["jail_networks"], tuple(data["public_addresses"])
        return Values(data["outside"], public, networks, panel, data["panel_port"])


def _network(text: str, number: int) -> str:
    try:
        return str(IPv4Network(text))
    except ValueError:
        raise forms.ValidationError(f"Line {number}: “{text}” is no IPv4 network.") from None


def _interfaces(seen: dict[str, list[str]], chosen: str) -> list[tuple[str, str]]:
    names = [name for name in seen if not name.startswith("lo")]
    kept = [chosen] if chosen and chosen not in names else []
    return [(name, f"{name} ({', '.join(seen.get(name, ())) or 'no address'})") for name in [*names, *kept]]


def _addresses(
    seen: dict[str, list[str]], chosen: tuple[str, ...], of_jails: frozenset[str]
) -> list[tuple[str, str]]:
    there = {text.partition("/")[0]: name for name, texts in seen.items() for text in texts}
    usable = {text: name for text, name in there.items() if text not in of_jails and _may_be_public(text)}
    rows = [(text, f"{text} on {name}") for text, name in usable.items()]
    return rows + [(text, f"{text}, not seen on it now") for text in chosen if text not in usable]


def _may_be_public(text: str) -> bool:
    ip = ip_address(text)
    return ip.version == 4 and not ip.is_loopback and not ip.is_link_local


class TableForm(forms.Form):
    """A table's name, entries and note."""

    name = forms.CharField(label="Name", max_length=63, widget=forms.TextInput(attrs={"spellcheck": "false"}))
    entries = forms.CharField(
        label="Entries",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "font-monospace"}),
        help_text="An address or a network a line, perhaps with a whole number behind it; # begins a remark.",
    )
    note = forms.CharField(label="Note", required=False, max_length=200)

    @classmethod
    def about(cls, table: FirewallTable | None) -> TableForm:
        """Return the form as a table fills it in."""
        if table is None:
            return cls()
        return cls(initial={"name": table.name, "entries": table.entries, "note": table.note})

    @property
    def wish(self) -> TableWish:
        """What was filled in."""
        data = self.cleaned_data
        return TableWish(data["name"], data["entries"].replace("\r\n", "\n"), data["note"])
