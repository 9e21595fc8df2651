"""nginx with basic auth over TLS, as an app of the developer's own that users give the address of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from apps import BASIC, PASSWORD, USER, app, typed
from servers import HOST, NAME, Place, free_port, listens, program, secret
from situations import Live, Situation, Use

TITLE = "nginx"
NEEDS = ("nginx",)


ADDRESS = typed("base_url", "Address", type="url")
CHECKS = [{"method": "GET", "path": "/me"}]
APP = app("live_nginx", "BASIC", [ADDRESS, USER, PASSWORD], "{base_url}", inject=[BASIC], checks=CHECKS)


def config(place: Place, port: int) -> str:
    folder = place.make("temporary")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"  {kind}_temp_path {folder}/{kind};" for kind in kinds)
    return f"""\
daemon off;
worker_processes 1;
pid {place.folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
{temporary}
  access_log off;
  default_type application/json;
  server {{
    listen {HOST}:{port} ssl;
    ssl_certificate {place.chain_file};
    ssl_certificate_key {place.key_file};
    root {place.folder}/www;
    auth_basic "keylatch";
    auth_basic_user_file {place.folder}/users;
    location / {{ try_files /$remote_user$uri =403; }}
  }}
}}
"""


@contextmanager
def start(place: Place) -> Iterator[Live]:
    port = free_port()
    right, lesser = secret(), secret()
    # Each user sees a folder of their own; the second has none.
    for folder in ("www", "www/ada"):
        place.make(folder)
    place.write("www/ada/me", '{"user": "ada"}')
    place.write("users", f"ada:{{PLAIN}}{right}\nbob:{{PLAIN}}{lesser}\n")
    file = place.write("nginx.conf", config(place, port))
    nginx = program("nginx")
    with place.server(nginx, "-e", "stderr", "-p", place.folder, "-c", file, ready=listens(port)):
        version = place.run("/bin/sh", "-c", f"{nginx} -v 2>&1").strip().rpartition("/")[2]
        here = {"base_url": f"https://{NAME}:{port}", "username": "ada", "password": right}
        known = Situation("right password", APP["slug"], here, "accepted", use=Use("/me", '"user": "ada"'))
        yield Live(
            version,
            [
                known,
                known.but("wrong password", "rejected", password=secret()),
                known.but("a user that does not exist", "rejected", username="stranger"),
                known.but("a user without rights", "under_scoped", username="bob", password=lesser),
                known.but("a closed port", "unreachable", base_url=f"https://{NAME}:{place.closed_port}"),
                known.but("a certificate of another name", "wrong_host", base_url=f"https://{HOST}:{port}"),
            ],
            apps=[APP],
            ca=place.authority.ca,
        )
