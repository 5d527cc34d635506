"""Names of services that may stand for ports, from FreeBSD's /etc/services.

A table of our own: what the panel's machine has in its file says nothing about the host, and the same rule
must read the same everywhere. A name that is not here is not understood, which is safer than a wrong
number.

Source: services(5).
"""

from __future__ import annotations

SERVICES = {
    "echo": 7, "discard": 9, "daytime": 13, "chargen": 19, "ftp-data": 20, "ftp": 21, "ssh": 22, "telnet":
    23, "smtp": 25, "mail": 25, "time": 37, "nicname": 43, "whois": 43, "tacacs": 49, "domain": 53,
    "bootps": 67, "bootpc": 68, "tftp": 69, "gopher": 70, "finger": 79, "http": 80, "www": 80, "kerberos":
    88, "pop3": 110, "sunrpc": 111, "rpcbind": 111, "auth": 113, "ident": 113, "nntp": 119, "ntp": 123,
    "imap": 143, "imap4": 143, "snmp": 161, "snmptrap": 162, "xdmcp": 177, "bgp": 179, "irc": 194,
    "imap3": 220, "ldap": 389, "https": 443, "kpasswd5": 464, "smtps": 465, "isakmp": 500, "exec": 512,
    "biff": 512, "login": 513, "who": 513, "shell": 514, "syslog": 514, "printer": 515, "talk": 517,
    "ntalk": 518, "route": 520, "router": 520, "submission": 587, "ipp": 631, "ldaps": 636, "rsync": 873,
    "ftps": 990, "telnets": 992, "imaps": 993, "ircs": 994, "pop3s": 995, "socks": 1080, "openvpn": 1194,
    "l2tp": 1701, "radius": 1812, "nfsd": 2049, "nfs": 2049, "mysql": 3306, "rdp": 3389, "svn": 3690,
    "sip": 5060, "postgresql": 5432, "x11": 6000, "natd": 8668,
}  # fmt: skip
