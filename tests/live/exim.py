"""Exim as an SMTP server that lets users with a password submit mail: STARTTLS, implicit TLS, neither."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from servers import HOST, NAME, Place, free_port, listens, program, secret
from situations import Live, Situation

TITLE = "exim"
NEEDS = ("exim4",)


def config(place: Place, port: int, tls_port: int, password: str) -> str:
    spool = place.make("spool")
    return f"""\
primary_hostname = mail.keylatch.test
spool_directory = {spool}
log_selector = +smtp_no_mail
local_interfaces = {HOST}
daemon_smtp_ports = {port} : {tls_port}
tls_on_connect_ports = {tls_port}
tls_advertise_hosts = *
tls_certificate = {place.chain_file}
tls_privatekey = {place.key_file}
exim_user = {place.user}
exim_group = {place.group}
keep_environment =
trusted_users = {place.user}
never_users =
host_lookup =
acl_smtp_auth = accept
acl_smtp_rcpt = deny
queue_only = true
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and {{{{eq{{$auth2}}{{app}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${{if and {{{{eq{{$auth1}}{{app}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
"""


@contextmanager
def start(place: Place) -> Iterator[Live]:
    port, tls_port = free_port(), free_port()
    right = secret()
    file = place.write("exim.conf", config(place, port, tls_port, right))
    # A copy has no set-user-ID bit, so it stays the user that it is started as.
    exim = place.folder / "exim"
    shutil.copyfile(program("exim4"), exim)
    exim.chmod(0o755)
    with place.server(exim, "-C", file, "-bdf", ready=listens(port, tls_port)):
        version = place.run(program("exim4"), "-bV").split()[2]
        values = {
            "host": NAME,
            "port": str(port),
            "username": "app",
            "password": right,
            "tls": "starttls",
            "ca_certificate": place.authority.ca,
        }
        upgraded = Situation("right password over STARTTLS", "smtp", values, "accepted")
        implicit, plain = {"port": str(tls_port), "tls": "implicit"}, {"tls": "off"}
        yield Live(
            version,
            [
                upgraded,
                upgraded.but("wrong password over STARTTLS", "rejected", password=secret()),
                upgraded.but("a user that does not exist", "rejected", username="stranger"),
                upgraded.but("right password over TLS", "accepted", **implicit),
                upgraded.but("wrong password over TLS", "rejected", **implicit, password=secret()),
                upgraded.but("right password without TLS", "accepted", **plain),
                upgraded.but("wrong password without TLS", "rejected", **plain, password=secret()),
                upgraded.but("a closed port", "unreachable", port=str(place.closed_port)),
                upgraded.but("another name over STARTTLS", "wrong_host", host=HOST),
                upgraded.but("another name over TLS", "wrong_host", **implicit, host=HOST),
                upgraded.but("another authority", "unreachable", ca_certificate=place.authority.stranger),
            ],
            complaints=lambda: complaints(place),
        )


def complaints(place: Place) -> list[str]:
    """The log tells what clients said that sent no mail; a login ends with QUIT."""
    log = (place.folder / "log.txt").read_text(errors="replace")
    logins = [line for line in log.splitlines() if "no MAIL in SMTP connection" in line and "AUTH" in line]
    return [line for line in logins if not line.endswith("QUIT")]
