"""Mosquitto: MQTT with a password file, with and without TLS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from servers import HOST, NAME, Place, free_port, listens, program, secret
from situations import Live, Situation

TITLE = "mosquitto"
NEEDS = ("mosquitto", "mosquitto_passwd")


@contextmanager
def start(place: Place) -> Iterator[Live]:
    port, tls_port = free_port(), free_port()
    right = secret()
    users = place.write("users", "")
    place.run(program("mosquitto_passwd"), "-b", users, "sensor", right)
    config = place.write(
        "mosquitto.conf",
        f"""\
allow_anonymous false
password_file {users}
listener {port} {HOST}
listener {tls_port} {HOST}
certfile {place.chain_file}
keyfile {place.key_file}
""",
    )
    with place.server(program("mosquitto"), "-c", config, ready=listens(port, tls_port)):
        log = (place.folder / "log.txt").read_text(errors="replace")
        version = log.partition("mosquitto version ")[2].split()[0]
        values = {
            "host": NAME,
            "port": str(tls_port),
            "username": "sensor",
            "password": right,
            "tls": "verify-full",
            "ca_certificate": place.authority.ca,
        }
        known = Situation("right password over checked TLS", "mqtt", values, "accepted")
        plain = {"port": str(port), "tls": "off"}
        yield Live(
            version,
            [
                known,
                known.but("wrong password", "rejected", password=secret()),
                known.but("a user that does not exist", "rejected", username="stranger"),
                known.but("a client id of the user's", "accepted", client_id="keylatch-live"),
                known.but("without TLS", "accepted", **plain),
                known.but("without TLS, wrong password", "rejected", **plain, password=secret()),
                known.but("a closed port", "unreachable", port=str(place.closed_port)),
                known.but("a certificate of another name", "wrong_host", host=HOST),
                known.but("a certificate of another authority", "unreachable", ca_certificate=place.authority.stranger),
                known.but("on takes any certificate", "accepted", host=HOST, tls="on"),
            ],
        )
