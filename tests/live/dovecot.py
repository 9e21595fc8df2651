"""Dovecot as an IMAP server: STARTTLS, implicit TLS, neither."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from servers import HOST, NAME, Place, free_port, listens, program, secret
from situations import Live, Situation

TITLE = "dovecot"
NEEDS = ("dovecot",)


def config(place: Place, port: int, tls_port: int) -> str:
    return f"""\
protocols = imap
base_dir = {place.make("run")}
state_dir = {place.make("state")}
log_path = /dev/stderr
default_internal_user = {place.user}
default_internal_group =
default_login_user = {place.user}
first_valid_uid = 1
ssl = yes
ssl_cert = <{place.chain_file}
ssl_key = <{place.key_file}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{place.make("mail")}
passdb {{
  driver = passwd-file
  args = {place.folder}/users
}}
userdb {{
  driver = passwd-file
  args = {place.folder}/users
}}
service anvil {{
  chroot =
  # Who fails often would wait ever longer.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = {HOST}
    port = {port}
  }}
  inet_listener imaps {{
    address = {HOST}
    port = {tls_port}
  }}
}}
"""


@contextmanager
def start(place: Place) -> Iterator[Live]:
    port, tls_port = free_port(), free_port()
    right = secret()
    owner = place.folder.stat()
    place.write("users", f"ada:{{PLAIN}}{right}:{owner.st_uid}:{owner.st_gid}::{place.folder}/mail\n")
    file = place.write("dovecot.conf", config(place, port, tls_port))
    dovecot = program("dovecot")
    with place.server(dovecot, "-F", "-c", file, ready=listens(port, tls_port)):
        version = place.run(dovecot, "--version").split()[0]
        values = {
            "host": NAME,
            "port": str(tls_port),
            "username": "ada",
            "password": right,
            "tls": "implicit",
            "ca_certificate": place.authority.ca,
        }
        implicit = Situation("right password over TLS", "imap", values, "accepted")
        upgraded, plain = {"port": str(port), "tls": "starttls"}, {"port": str(port), "tls": "off"}
        yield Live(
            version,
            [
                implicit,
                implicit.but("wrong password over TLS", "rejected", password=secret()),
                implicit.but("a user that does not exist", "rejected", username="stranger"),
                implicit.but("right password over STARTTLS", "accepted", **upgraded),
                implicit.but("wrong password over STARTTLS", "rejected", **upgraded, password=secret()),
                implicit.but("right password without TLS", "accepted", **plain),
                implicit.but("wrong password without TLS", "rejected", **plain, password=secret()),
                implicit.but("a closed port", "unreachable", port=str(place.closed_port)),
                implicit.but("another name over TLS", "wrong_host", host=HOST),
                implicit.but("another name over STARTTLS", "wrong_host", **upgraded, host=HOST),
                implicit.but("another authority", "unreachable", ca_certificate=place.authority.stranger),
            ],
            complaints=lambda: complaints(place),
        )


def complaints(place: Place) -> list[str]:
    """A client that goes without LOGOUT is told of in the log."""
    log = (place.folder / "log.txt").read_text(errors="replace")
    return [line for line in log.splitlines() if "imap(ada)" in line and "Connection closed" in line]
