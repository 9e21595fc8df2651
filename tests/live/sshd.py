"""OpenSSH: keys, a passphrase, the server's own key; SFTP by the subsystem.

The server runs as the user who logs in, so it cannot look up passwords: each one is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import HOST, NAME, Place, free_port, listens, program, secret
from situations import Live, Situation

TITLE = "openssh"
NEEDS = ("sshd", "ssh-keygen")


def new_key(place: Place, name: str, kind: str, passphrase: str = "") -> Path:
    path = place.folder / name
    place.run(program("ssh-keygen"), "-q", "-t", kind, "-N", passphrase, "-C", name, "-f", path)
    return path


def fingerprint(place: Place, key: Path) -> str:
    return place.run(program("ssh-keygen"), "-l", "-E", "sha256", "-f", key).split()[1]


@contextmanager
def start(place: Place) -> Iterator[Live]:
    port = free_port()
    host_key = new_key(place, "host_key", "ed25519")
    passphrase = secret()
    keys = {kind: new_key(place, kind, kind) for kind in ("ed25519", "rsa", "ecdsa")}
    locked = new_key(place, "locked", "ed25519", passphrase)
    stranger = new_key(place, "stranger", "ed25519")
    known = [path.with_suffix(".pub").read_text() for path in (*keys.values(), locked)]
    authorized = place.write("authorized_keys", "".join(known))
    config = place.write(
        "sshd_config",
        f"""\
ListenAddress {HOST}
Port {port}
HostKey {host_key}
PidFile none
AuthorizedKeysFile {authorized}
StrictModes no
UsePAM yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
MaxStartups 100
Subsystem sftp internal-sftp
""",
    )
    sshd = program("sshd")
    with place.server(sshd, "-D", "-e", "-f", config, ready=listens(port)):
        # It prints its version beside a complaint.
        log = place.run("/bin/sh", "-c", f"{sshd} -V 2>&1 || true")
        version = log.partition("OpenSSH_")[2].partition(",")[0]
        right = fingerprint(place, host_key)
        values = {
            "host": NAME,
            "port": str(port),
            "username": place.user,
            "private_key": keys["ed25519"].read_text(),
            "host_key_fingerprint": right,
        }
        by_key = Situation("an Ed25519 key, the server's key known", "sftp", values, "accepted", scheme="SSH_KEY")
        with_password = {name: value for name, value in values.items() if name != "private_key"}
        yield Live(
            version,
            [
                by_key,
                by_key.but("an RSA key", "accepted", private_key=keys["rsa"].read_text()),
                by_key.but("an ECDSA key", "accepted", private_key=keys["ecdsa"].read_text()),
                by_key.but(
                    "a key under a passphrase", "accepted", private_key=locked.read_text(), passphrase=passphrase
                ),
                by_key.but("a key that is not authorized", "rejected", private_key=stranger.read_text()),
                by_key.but("a user that does not exist", "rejected", username="keylatch-nobody"),
                Situation(
                    "a wrong password", "sftp", {**with_password, "password": secret()}, "rejected", scheme="BASIC"
                ),
                by_key.but(
                    "the server's key is another", "wrong_host", host_key_fingerprint=fingerprint(place, stranger)
                ),
                by_key.but("a closed port", "unreachable", port=str(place.closed_port)),
            ],
        )
