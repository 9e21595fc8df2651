"""Which program of the tests comes from which Debian package; as a program, installs what is missing: `make servers`.

Installing must leave the machine as it was otherwise: no service is started, no package is removed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Servers stand where only root's PATH looks, and PostgreSQL's programs on no PATH at all.
FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
POSTGRESQL = Path("/usr/lib/postgresql")

PROGRAMS = {
    "valgrind": "valgrind",
    "g++": "g++",
    "postgres": "postgresql",
    "mariadbd": "mariadb-server",
    "redis-server": "redis-server",
    "rabbitmq-server": "rabbitmq-server",
    "mosquitto": "mosquitto",
    "nats-server": "nats-server",
    "slapd": "slapd",
    "sshd": "openssh-server",
    "exim4": "exim4-daemon-light",
    "dovecot": "dovecot-imapd",
    "nginx": "nginx-light",
    "dbus-daemon": "dbus",
    "gnome-keyring-daemon": "gnome-keyring",
    "secret-tool": "libsecret-tools",
}

# Debian asks this program before it starts a service; 101 says no.
POLICY = Path("/usr/sbin/policy-rc.d")
NO_SERVICES = "#!/bin/sh\nexit 101\n"


def find(program: str) -> str | None:
    """The path of a program, or None where it is not installed. Of PostgreSQL's versions the newest."""
    versions = sorted(POSTGRESQL.glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    places = [os.environ.get("PATH", os.defpath), *FOLDERS, *map(str, versions)]
    return shutil.which(program, path=os.pathsep.join(places))


@contextmanager
def no_services() -> Iterator[None]:
    """Keeps Debian from starting what it installs, and puts the machine's own policy back."""
    before = (POLICY.read_bytes(), POLICY.stat().st_mode) if POLICY.exists() else None
    POLICY.write_text(NO_SERVICES)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        if before is None:
            POLICY.unlink()
        else:
            POLICY.write_bytes(before[0])
            POLICY.chmod(before[1])


def install(packages: list[str]) -> int:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    if code := subprocess.run([*apt, "update"], env=env, check=False).returncode:
        return code
    # A machine with another mail server would lose it to ours without --no-remove.
    options = ["install", "--yes", "--no-install-recommends", "--no-remove"]
    with no_services():
        return subprocess.run([*apt, *options, *packages], env=env, check=False).returncode


def main() -> int:
    packages = [package for program, package in PROGRAMS.items() if find(program) is None]
    if not packages:
        print("nothing to install")
        return 0
    if os.geteuid() != 0:
        return subprocess.run(["sudo", sys.executable, *sys.argv], check=False).returncode
    print("installing", *packages, flush=True)
    return install(packages)


if __name__ == "__main__":
    sys.exit(main())
