"""What goes wrong with a server: each row of the table in docs/postgresql.md, its error and its sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from keylatch import Keylatch, KeylatchError
from proxy import READY, Cut, Proxy, answering
from vaults import NAME, Vaults, connect, says_no_password

PAGE = Path(__file__).resolve().parents[2] / "docs/postgresql.md"
HEADING = "| What is wrong | Error | What it says |"
# So that what is waited for in vain is not waited for long.
HASTE = {"timeout": 0.5}

Check = Callable[[Vaults], object]
CHECKS: dict[str, Check] = {}


def rows() -> dict[str, tuple[str, str]]:
    """The error and the sentence of each row, by its name."""
    lines = PAGE.read_text(encoding="utf-8").split(HEADING, 1)[1].splitlines()[2:]
    table = lines[: lines.index("")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {name: (code.strip("`"), sentence) for name, code, sentence in cells}


def row(name: str) -> Callable[[Check], Check]:
    """What brings about the row of this name."""

    def take(check: Check) -> Check:
        CHECKS[name] = check
        return check

    return take


@row("no key is named")
def _(vaults: Vaults) -> None:
    vaults.open(given={"key": None})


@row("nobody answers at host and port")
def _(vaults: Vaults) -> None:
    vaults.open(port=vaults.server.closed_port, given=HASTE)


@row("another program answers there")
def _(vaults: Vaults) -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        vaults.open(port=port, given=HASTE)


@row("what answers there breaks the rules of PostgreSQL's protocol")
def _(vaults: Vaults) -> None:
    with answering(READY) as port:
        vaults.open(port=port, given=HASTE)


@row("a wrong password")
def _(vaults: Vaults) -> None:
    vaults.open(password=f"not-{vaults.server.password}")


@row("an unknown user")
def _(vaults: Vaults) -> None:
    vaults.open(user="nobody")


@row("`pg_hba.conf` lets the user in with TLS only, and there is none")
def _(vaults: Vaults) -> None:
    vaults.open("sslmode=require", user="tls")
    vaults.open("sslmode=disable", user="tls")


@row("no such database")
def _(vaults: Vaults) -> None:
    vaults.open(database="nowhere")


@row("the certificate is of an unknown authority")
def _(vaults: Vaults) -> None:
    vaults.open("sslmode=verify-full", host=NAME, given={"extra_ca": vaults.server.stranger.encode()})


@row("the certificate is for another name")
def _(vaults: Vaults) -> None:
    vaults.open("sslmode=verify-full")


@row("the server has no TLS")
def _(vaults: Vaults) -> None:
    with answering(b"N") as port:
        vaults.open("sslmode=require", port=port)


@row("no tables, and no right to make them")
def _(vaults: Vaults) -> None:
    vaults.open(user=vaults.role())


@row("tables that the user may not write to")
def _(vaults: Vaults) -> None:
    role = vaults.role()
    vaults.open()
    vaults.let_in(role)
    client = vaults.open(user=role)
    connect(client, "user-1")
    vaults.sql(f"REVOKE INSERT ON connections FROM {role}")
    connect(client, "user-2")


@row("the server has no place for one more connection")
def _(vaults: Vaults) -> None:
    role = vaults.role()
    vaults.open()
    vaults.let_in(role)
    vaults.server.sql(f"ALTER ROLE {role} CONNECTION LIMIT 0")
    vaults.open(user=role, given=HASTE)


@row("the server may only be read from")
def _(vaults: Vaults) -> None:
    role = vaults.role()
    vaults.open()
    vaults.let_in(role)
    vaults.server.sql(f"ALTER ROLE {role} SET default_transaction_read_only = on")
    vaults.open(user=role, given=HASTE)


@row("others keep rows or tables locked")
def _(vaults: Vaults) -> None:
    client = vaults.open(given=HASTE)
    with vaults.held("LOCK TABLE connections"):
        connect(client, "user-1")


@row("the server's disk is full")
def _(vaults: Vaults) -> None:
    refused(vaults, "53100")


@row("the server's data is damaged")
def _(vaults: Vaults) -> None:
    refused(vaults, "XX001")


@row("the server refuses for a reason of its own")
def _(vaults: Vaults) -> None:
    refused(vaults, "P0001")


@row("tables that are not as Keylatch made them")
def _(vaults: Vaults) -> None:
    client = vaults.open()
    vaults.sql("ALTER TABLE connections DROP COLUMN account")
    connect(client, "user-1")


@row("tables of a later version")
def _(vaults: Vaults) -> None:
    vaults.open()
    vaults.sql("UPDATE vault SET format = 99")
    vaults.open()


@row("the connection broke during a COMMIT, and does not come back")
def _(vaults: Vaults) -> None:
    with Proxy(vaults.server.port) as proxy:
        client = vaults.open(port=proxy.port, given={"timeout": 2})
        connect(client, "user-1")
        proxy.cut_next(Cut.ANSWER, stays_open=False)
        connect(client, "user-2")


def refused(vaults: Vaults, code: str) -> Keylatch:
    """The server says this whenever a connection is written."""
    client = vaults.open()
    vaults.sql(
        f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END $$;"
        "CREATE TRIGGER refuse BEFORE INSERT ON connections FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    connect(client, "user-1")
    return client


def test_each_row_has_a_check() -> None:
    assert sorted(rows()) == sorted(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_row(vaults: Vaults, name: str) -> None:
    with pytest.raises(KeylatchError) as told:
        CHECKS[name](vaults)
    assert (told.value.code, str(told.value)) == rows()[name]
    says_no_password(vaults.server, told.value)
