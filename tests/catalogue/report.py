"""How complete the catalogue is: `make catalogue-report`. Fails where an entry has neither a value nor a reason."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

CATALOG = Path(__file__).resolve().parents[2] / "core/catalog"
FEWEST_APPS = 1300
FEWEST_CHECKED = 0.85


def gaps(app: dict[str, Any]) -> list[str]:
    """What is neither there nor explained."""
    found = []
    for scheme in app["schemes"]:
        if not any(scheme.get(key) for key in ("checks", "trade", "login", "no_checks")):
            found.append(f"{app['slug']}: {scheme['auth_scheme']} has no check and no reason for none")
        for field in scheme["fields"]:
            where = f"{app['slug']}: {field['name']}"
            if not field.get("help_url") and not field.get("no_help_url"):
                found.append(f"{where} does not say where it is found, nor why not")
            if field.get("secret") and not {"hint", "no_hint", "pattern", "enum"} & field.keys():
                found.append(f"{where} has no usual form and no reason for none")
    return found


def main() -> int:
    apps = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(CATALOG.glob("*.json"))]
    schemes = [scheme for app in apps for scheme in app["schemes"]]
    fields = [field for scheme in schemes for field in scheme["fields"]]
    checked = sum(
        any(scheme.get("checks") or scheme.get("trade") or scheme.get("login") for scheme in app["schemes"])
        for app in apps
    )
    shaped = sum(
        any({"hint", "pattern", "enum"} & f.keys() for s in app["schemes"] for f in s["fields"]) for app in apps
    )
    helped = sum(any(f.get("help_url") for s in app["schemes"] for f in s["fields"]) for app in apps)
    controlled = sum(any(check.get("control") for check in scheme.get("checks", [])) for scheme in schemes)
    missing = [gap for app in apps for gap in gaps(app)]
    for gap in missing:
        print(gap)
    print(f"{len(apps)} apps, {len(schemes)} schemes, {len(fields)} fields")
    print(f"apps with a check: {checked} ({checked / len(apps):.0%}), with a negative control: {controlled} schemes")
    print(f"apps with a shape: {shaped}, with a page where the key is found: {helped}")
    print(f"neither a value nor a reason: {len(missing)}")
    return 1 if missing or len(apps) < FEWEST_APPS or checked < FEWEST_CHECKED * len(apps) else 0


if __name__ == "__main__":
    sys.exit(main())
