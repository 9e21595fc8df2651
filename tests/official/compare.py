"""Compares what Keylatch sends to Composio's API with what the newest official SDKs send for the same calls.

Method, path, query, body and the names of headers. Whatever differs must stand in `CHOICES` with its reason, and
whatever stands there must differ. docs/composio-official.md shows the same; `--write` renews it. Wants the test servers
around it (tests/servers/run.py); the SDKs' requests are those that `make test-official` has kept in wire.json.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from document import GENERATED, code
from keylatch_flow import CALLS, Call, requests
from run import DOCUMENT, WIRE, start_upstream

Json = Any
# SDK, call, difference
Found = tuple[str, str, str]
BOTH = ["python_new", "node_new"]
SDK_NAMES = {"python_new": "Python", "node_new": "npm"}
ALWAYS, WITHOUT_BODY = "every request", "every request without a body"
SECTION = "## Where Keylatch's requests differ\n"
INTRODUCTION = """
`tests/official/compare.py`, a step of `make test`, makes the SDKs' calls with Keylatch and compares the requests with
those of the new SDKs: method, path, query, body and the names of headers. What differs is in this table; the step fails
for a difference that is not there, and for a row that is no longer true. Of {compared} requests that have a counterpart
{alike} have the same query and body.

"Also" is what only Keylatch sends, "no" what only the SDK sends. Each call is made with a fresh client here; one that
lives on asks less, since it takes what an app or an integration has told for true for five minutes.
"""


@dataclass
class Choice:
    """Differences that each of these calls has from each of these SDKs, and why."""

    differences: list[str]
    calls: list[str]
    why: str
    sdks: list[str] = field(default_factory=lambda: BOTH)

    def all(self) -> Iterator[Found]:
        return product(self.sdks, self.calls, self.differences)

    def row(self) -> str:
        """Of the document's table."""
        shown = [re.sub(r"^(also |no |)(.+?)(?:, not (.+))?$", quoted, one) for one in self.differences]
        sdks = " and ".join(SDK_NAMES[one] for one in self.sdks)
        return f"| {', '.join(shown)} | {'; '.join(self.calls)} | {sdks} | {self.why} |"


def quoted(parts: re.Match[str]) -> str:
    return parts[1] + code(parts[2]) + (f", not {code(parts[3])}" if parts[3] else "")


ANY_STATUS = "statuses=INITIALIZING,INITIATED,ACTIVE,FAILED,EXPIRED,INACTIVE,REVOKED"
CREATE = [
    "create an integration",
    "create one for another host",
    "create one with values of the developer",
    "create one with values for all users",
]
FIRST, LATER = ["initiate", "initiate with one field"], ["initiate another", "initiate for another entity"]
CHOICES = [
    Choice(
        ["no header x-framework", "no header x-runtime", "no header x-sdk-version", "no header x-source"],
        [ALWAYS],
        "What the program is made of and runs on is not told; `user-agent` names Keylatch and its version.",
    ),
    Choice(
        [
            "no header x-client-language",
            "no header x-client-library",
            "no header x-client-library-version",
            "no header x-client-provenance",
            "no header x-client-runtime",
            "no header x-client-version",
            "no header x-runtime-version",
        ],
        [ALWAYS],
        "As above.",
        ["python_new"],
    ),
    Choice(
        ["no header accept-encoding", "no header connection"],
        [ALWAYS],
        "Answers are taken as they are, not compressed; HTTP/1.1 keeps connections open anyway.",
    ),
    Choice(
        ["no header accept-language", "no header sec-fetch-mode"],
        [ALWAYS],
        "Node's own, which mean nothing here.",
        ["node_new"],
    ),
    Choice(
        ["also header x-request-id"],
        [ALWAYS],
        "The same for each repeat of a call, as in Python; errors name it.",
        ["node_new"],
    ),
    Choice(
        ["no query category=ecommerce", "no query sort_by=alphabetically"],
        ["list apps"],
        "The call lists all apps, and sorts them itself.",
    ),
    Choice(
        ["also query limit=1000"],
        ["list apps", "list the integrations of an app"],
        "All pages are read, in as few requests as the API allows.",
    ),
    Choice(
        ["also GET /toolkits"],
        ["list apps"],
        "There are more apps than a page holds.",
    ),
    Choice(
        ["also GET /toolkits/…", "also GET /auth_configs/…"],
        CREATE,
        "The app tells beforehand which fields there are and which are the developer's; "
        "the answer says afterwards what Composio made of it.",
    ),
    Choice(
        ["also GET /auth_configs/…", "no GET /toolkits/…"],
        ["discover by integration", "discover by app"],
        "The integration that will be connected with tells its fields, without those that the developer has given.",
    ),
    Choice(
        ["also GET /auth_configs"],
        ["discover by app", "discover by app, without an integration"],
        "Looks for the app's newest integration, to name it in the answer.",
    ),
    Choice(
        ["also POST /auth_configs", "also GET /auth_configs/…"],
        ["discover by app, without an integration"],
        "Makes the integration that there is not.",
    ),
    Choice(
        ["also GET /auth_configs/…"],
        [*FIRST, *LATER, "initiate where there is one", "initiate with fields missing"],
        "Asks for the fields, to check the values before anything is sent.",
    ),
    Choice(
        ["no GET /connected_accounts", "no POST /connected_accounts"],
        ["initiate with fields missing"],
        "Refused here, with every missing field by its name.",
    ),
    Choice(
        ["no GET /connected_accounts"],
        FIRST,
        "The integration has just said that it has no connection at all.",
    ),
    Choice(
        [f"query {ANY_STATUS}, not ACTIVE", "also query limit=500"],
        [*LATER, "initiate where there is one"],
        "Knowing what there was in any state, it can tell the new connection when creation has an unclear outcome.",
    ),
    Choice(
        ['also body.connection.state.val.version="2024-10"'],
        ["initiate", *LATER],
        "Fills in the app's defaults, so that what is stored is what was checked.",
    ),
    Choice(
        ['no body.connection.state.val.base_url="https://upstream.test"'],
        ["initiate", "initiate for another entity"],
        "A user gives the fields that the app lists. Another host is the developer's to set, with the integration.",
    ),
    Choice(
        [f"also query {ANY_STATUS}"],
        ["list", "list the next page"],
        "Lists what is there; left out, disabled connections are missing.",
    ),
    Choice(
        ["also query limit=50"],
        ["list"],
        "A page is as long as on a vault.",
    ),
    Choice(
        ["also query order_direction=desc"],
        ["list", "list by everything", "list the next page"],
        "Newest first is promised, not left to a default.",
    ),
    Choice(["also query order_by=created_at"], ["list", "list the next page"], "As above."),
    Choice(
        ["query toolkit_slugs=shopify, not shopify,stripe"],
        ["list by everything"],
        "A filter of Keylatch's names one app.",
    ),
    Choice(
        ["also GET /connected_accounts/…"],
        ["execute by id", "execute, refused by the app", "request by POST", "request by GET"],
        "Makes sure that the connection is ACTIVE, and of which entity and app, before anything is done with it.",
    ),
    Choice(
        ["also GET /connected_accounts", 'also body.connected_account_id="ca_3"'],
        ["execute by entity", "execute with arguments"],
        "Names the connection by id, after making sure that it is the entity's only active one.",
    ),
    Choice(
        ['body.version="latest", not "20261101_00"'],
        ["execute by entity", "execute with arguments"],
        "No version can be chosen; it is the newest, as with the SDKs where none is.",
    ),
    Choice(
        ["also query toolkit_versions=latest", "no query version=20261101_00"],
        ["execute by entity", "execute with arguments", "execute an unknown action"],
        "As above.",
        ["node_new"],
    ),
    Choice(
        ["also GET /tools/SHOPIFY_GET_SHOP"],
        ["execute, refused by the app"],
        "The SDK remembers tools that it has asked for; Keylatch asks each time.",
        ["python_new"],
    ),
    Choice(
        [
            'also body.parameters.2.name="content-type"',
            'also body.parameters.2.type="header"',
            'also body.parameters.2.value="application/json"',
        ],
        ["request by POST"],
        "A body given as JSON is declared to the app as such, as on a vault.",
    ),
    Choice(
        ["no body.parameters=[]"],
        ["request by GET", "verify"],
        "Nothing is said of parameters where there are none.",
        ["node_new"],
    ),
    Choice(
        ["also GET /connected_accounts/…"],
        ["verify", "update credentials"],
        "The connection tells which app or integration it is of.",
    ),
    Choice(
        ["also GET /auth_configs/…"],
        ["update credentials"],
        "Asks for the fields, to check the values before anything is sent.",
    ),
    Choice(
        ["also GET /connected_accounts/…"],
        ["set the alias", "disable", "enable"],
        "Answers with the connection as it is then.",
    ),
    Choice(
        ["also GET /connected_accounts/… again"],
        ["enable"],
        "Makes sure beforehand that the connection is INACTIVE or ACTIVE.",
    ),
    Choice(
        ["also GET /auth_configs/…"],
        ["delete an integration"],
        "Refuses while there are connections, which Composio would delete along.",
    ),
]


def facts(request: Json) -> dict[str, str]:
    """All that is compared of two requests for the same, piece by piece."""
    query = {f"query {name}": f"={value}" for name, value in request["query"].items()}
    body = {} if request["body"] is None else dict(leaves("body", request["body"]))
    return {**dict.fromkeys((f"header {name}" for name in request["headers"]), ""), **query, **body}


def leaves(at: str, value: Json) -> Iterator[tuple[str, str]]:
    """Each value in a body with its place; an empty object or list is one too."""
    if not isinstance(value, dict | list) or not value:
        yield at, f"={json.dumps(value)}"
        return
    for name, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(f"{at}.{name}", item)


def differences(ours: Json, theirs: Json) -> Iterator[str]:
    own, official = facts(ours), facts(theirs)
    for at in {**own, **official}:
        if at not in official:
            yield f"also {at}{own[at]}"
        elif at not in own:
            yield f"no {at}{official[at]}"
        elif own[at] != official[at]:
            yield f"{at}{own[at]}, not {official[at][1:]}"


def place(request: Json) -> str:
    return f"{request['method']} {request['path'].removeprefix('/api/v3.1')}"


def kind(request: Json) -> str:
    """A request that has no counterpart, whichever resource it is about."""
    return re.sub(r"/(toolkits|auth_configs|connected_accounts)/[^/]+", r"/\1/…", place(request))


def meant(wire: list[Json], sdk: str, call: Call) -> list[Json]:
    """The SDK's requests that do the same as the call."""
    steps = [request for request in wire if (request["sdk"], request["step"]) == (sdk, call.like)]
    lines = [f"{place(one)} {json.dumps(one['query'])} {json.dumps(one['body'])}" for one in steps]
    found = ([one for one, line in zip(steps, lines, strict=True) if piece in line] for piece in call.pieces)
    return [one[0] for one in found if one]


def pairs(ours: list[Json], theirs: list[Json]) -> Iterator[tuple[Json | None, Json | None]]:
    """Requests of the same method and path; those that have no counterpart stand alone."""
    rest = list(ours)
    for official in theirs:
        own = next((one for one in rest if place(one) == place(official)), None)
        if own is not None:
            rest.remove(own)
        yield own, official
    yield from ((own, None) for own in rest)


def compare(wire: list[Json], sent: list[Json]) -> tuple[set[Found], int, int]:
    """All differences; and of how many requests were compared, and of them alike but for the headers."""
    found: set[Found] = set()
    compared = alike = 0
    for sdk in BOTH:
        # Of all requests, and of those without a body, what is the same for each is said once.
        groups: dict[str, list[set[str]]] = {ALWAYS: [], WITHOUT_BODY: []}
        several: list[tuple[str, set[str]]] = []
        for call in CALLS:
            ours = [request for request in sent if request["step"] == call.name]
            for own, official in pairs(ours, meant(wire, sdk, call)):
                if own is None or official is None:
                    alone = f"also {kind(own)}" if own else f"no {kind(official)}"
                    found.add((sdk, call.name, alone if (sdk, call.name, alone) not in found else f"{alone} again"))
                    continue
                differing = set(differences(own, official))
                several.append((call.name, differing))
                groups[ALWAYS].append(differing)
                if own["body"] is None:
                    groups[WITHOUT_BODY].append(differing)
                alike += all(" header " in one for one in differing)
        compared += len(several)
        for name, members in groups.items():
            common = set.intersection(*members)
            found |= {(sdk, name, one) for one in common}
            for member in members:
                member -= common
        found |= {(sdk, name, one) for name, differing in several for one in differing}
    return found, compared, alike


def section(compared: int, alike: int) -> str:
    head = ["| Difference | Calls | From | Why |", "|---|---|---|---|"]
    rows = [*head, *(choice.row() for choice in CHOICES)]
    return SECTION + INTRODUCTION.format(compared=compared, alike=alike) + "\n" + "\n".join(rows) + "\n\n"


def keep(text: str, write: bool) -> list[str]:
    """Writes the section, or says that the document has another. Behind it stands what `run.py` writes."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(GENERATED)
    whole = before.partition(SECTION)[0] + text + GENERATED + rest
    if write:
        DOCUMENT.write_text(whole, encoding="utf-8")
    if DOCUMENT.read_text(encoding="utf-8") == whole:
        return []
    return [f"{DOCUMENT.name} says something else; `--write` renews it"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="renew the section of the document")
    write = parser.parse_args().write
    wire = json.loads(WIRE.read_text(encoding="utf-8"))
    found, compared, alike = compare(wire, requests(start_upstream()))
    explained = {one for choice in CHOICES for one in choice.all()}
    problems = [f"not explained: {', '.join(one)}" for one in sorted(found - explained)]
    problems += [f"explained, but not so: {', '.join(one)}" for one in sorted(explained - found)]
    problems += keep(section(compared, alike), write)
    for problem in problems:
        print(problem)
    print(f"{compared} requests compared, {alike} alike; {len(found)} differences, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
