from __future__ import annotations

import pytest

from apps.freebsd.commands import ezjail
from apps.freebsd.values import FlavourName, JailAddresses, JailName, Mirror, Release
from apps.jobs.reasons import Purpose, Reason, purpose_of


def test_each_flag_of_an_install_has_its_own_reason():
    release, host = Release.parse("13.2-RELEASE"), Release.parse("14.1-RELEASE")
    mirror = Mirror.parse("https://download.freebsd.org")
    command = ezjail.install(release, mirror, sources=True, ports=False, host_release=host)

    purpose = purpose_of(command.purpose, command.argv)

    assert purpose.summary == "Install 13.2-RELEASE as the basejail"
    assert [reason.word for reason in purpose.reasons] == ["-h", "-r", "script", "-s", "UNAME_r"]
    assert purpose.reasons[0].text == "names a mirror over HTTPS rather than plain FTP"


def test_an_address_does_not_end_a_clause():
    addresses = JailAddresses.parse("lo0|fd00::2/64,lo0|10.0.0.2/24")
    command = ezjail.create(JailName.parse("test"), addresses, flavour=FlavourName.parse("example"))

    purpose = purpose_of(command.purpose, command.argv)

    assert purpose.summary.endswith("lo0|fd00::2/64,lo0|10.0.0.2/24")
    assert [reason.word for reason in purpose.reasons] == ["", "-f"]


@pytest.mark.parametrize("text", ["Stop the jail, because a running one cannot be deleted.", "Stop it", ""])
def test_a_sentence_of_one_clause_has_no_reasons(text):
    assert purpose_of(text, ("/bin/stop",)) == Purpose(text.removesuffix("."), ())


def test_a_clause_about_the_whole_names_no_part():
    command = ezjail.delete(JailName.parse("test"), wipe=False, force=False)

    purpose = purpose_of(command.purpose, command.argv)

    assert purpose.summary == "Forget test"
    assert purpose.reasons == (Reason("", "its ezjail file and its fstab go, and its root directory stays"),)
