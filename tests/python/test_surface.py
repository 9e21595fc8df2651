"""The surface: both clients alike, every call typed, stubs true, every example in the documentation runs."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import keylatch
import pytest
from double import Double
from keylatch import AsyncEntity, AsyncKeylatch, Entity, Keylatch, _forget, async_groups, composio, groups
from keylatch.composio import accounts, client, schemes, toolkits, tools
from keylatch.models import Model

HERE = Path(__file__).resolve().parent
BINDING = HERE.parent.parent / "bindings-python"
MODULES = [name for _, name, _ in pkgutil.walk_packages(keylatch.__path__, "keylatch.") if name != "keylatch._native"]
TWINS: list[tuple[type, type]] = [
    (Keylatch, AsyncKeylatch),
    (Entity, AsyncEntity),
    (groups.Apps, async_groups.AsyncApps),
    (groups.Integrations, async_groups.AsyncIntegrations),
    (groups.ConnectedAccounts, async_groups.AsyncConnectedAccounts),
]
# The classes of `keylatch.composio`, which have no twins.
DROP_IN: list[type] = [
    composio.Composio,
    composio.ComposioToolSet,
    composio.ConnectionRequest,
    composio.Entity,
    accounts.ConnectedAccounts,
    accounts.RawConnectedAccounts,
    client.Apps,
    client.Client,
    client.ConnectedAccounts,
    client.Integrations,
    schemes.AuthSchemes,
    toolkits.AuthConfigs,
    toolkits.Toolkits,
    tools.Tools,
]


def methods(kind: type) -> dict[str, Any]:
    return {name: value for name, value in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def shape(function: Any) -> list[tuple[str, Any, Any, str]]:
    parameters = list(inspect.signature(function).parameters.values())
    return [(p.name, p.kind, p.default, str(p.annotation).replace("Async", "")) for p in parameters]


@pytest.mark.parametrize(("blocking", "awaited"), TWINS)
def test_both_clients_have_the_same_calls(blocking: type, awaited: type) -> None:
    assert methods(blocking).keys() == methods(awaited).keys()
    for name, method in [*methods(blocking).items(), ("__init__", blocking.__init__)]:  # type: ignore[misc]
        twin = getattr(awaited, name)

        assert shape(method) == shape(twin), name
        assert not inspect.iscoroutinefunction(method)
        immediate = name in ("entity", "get_entity", "__init__", "iterate", "verify_all", "request_pages")
        assert inspect.iscoroutinefunction(twin) != immediate, name


def test_both_clients_stand_for_a_project_alike() -> None:
    assert shape(Keylatch.composio) == shape(AsyncKeylatch.composio)
    assert shape(AsyncKeylatch.open) == shape(AsyncKeylatch.__init__)[1:]


@pytest.mark.parametrize(("blocking", "awaited"), TWINS)
def test_every_call_is_described_and_typed(blocking: type, awaited: type) -> None:
    for kind in (blocking, awaited):
        is_described_and_typed(kind)


@pytest.mark.parametrize("kind", DROP_IN)
def test_so_is_the_drop_in_module(kind: type) -> None:
    is_described_and_typed(kind)


def test_what_takes_a_credential_or_a_key_forgets_it() -> None:
    """An exception leads to the frames that it went through, and these to their arguments."""
    kinds = [kind for twins in TWINS for kind in twins] + DROP_IN
    functions = {f"{kind.__name__}.{name}": each for kind in kinds for name, each in inspect.getmembers_static(kind)}
    functions |= {name: each for name, each in vars(keylatch).items() if inspect.isfunction(each)}
    functions = {name: getattr(each, "__func__", each) for name, each in functions.items()}
    taking = {
        name: each
        for name, each in functions.items()
        if any("Value" in str(annotation) for annotation in getattr(each, "__annotations__", {}).values())
    }
    assert {"Keylatch.__init__", "AsyncKeylatch.open", "Keylatch.change_key", "diagnose"} <= taking.keys()
    assert [name for name, each in taking.items() if each.__code__.co_filename != _forget.__file__] == []


def is_described_and_typed(kind: type) -> None:
    assert kind.__doc__
    for name, method in methods(kind).items():
        assert method.__doc__, name
        assert "return" in method.__annotations__, name


def called(tree: ast.AST) -> set[str]:
    functions = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {function.attr for function in functions if isinstance(function, ast.Attribute)}


def test_the_typed_programs_use_every_call() -> None:
    tree = ast.parse((HERE / "typed_program.py").read_text())
    for function, side in (("blocking", 0), ("awaited", 1)):
        (body,) = (node for node in ast.walk(tree) if getattr(node, "name", None) == function)
        for twin in TWINS:
            assert set(methods(twin[side])) <= called(body), twin[side].__name__
    for kind in DROP_IN:
        own = methods(kind).keys() - methods(Model).keys()
        assert own <= called(ast.parse((HERE / "typed_composio.py").read_text())), kind.__name__


def checked(*command: str, where: Path) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=where, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_strict(tmp_path: Path) -> None:
    config, cache = str(BINDING / "pyproject.toml"), str(tmp_path / "cache")
    for checkee in (BINDING / "python" / "keylatch", HERE / "typed_program.py", HERE / "typed_composio.py"):
        checked("mypy", "--strict", "--config-file", config, "--cache-dir", cache, str(checkee), where=tmp_path)


def test_stubs_are_true(tmp_path: Path) -> None:
    # Without an allowlist: there is nothing to excuse.
    checked(
        "mypy.stubtest",
        "keylatch",
        "--allowlist",
        str(HERE / "stubtest.txt"),
        "--ignore-unused-allowlist",
        where=tmp_path,
    )


@pytest.fixture
def example(double: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A folder of its own, and a Stripe that accepts everything."""
    monkeypatch.chdir(tmp_path)
    double.script({"* *": [{"json": {"object": "balance", "id": "acct_1"}}]})
    return {"provider_url": double.http}


def doctests_of(module: str) -> list[doctest.DocTest]:
    found = doctest.DocTestFinder().find(importlib.import_module(module))
    return [test for test in found if test.examples]


EXAMPLES = [test for name in MODULES for test in doctests_of(name)]


@pytest.mark.parametrize("test", EXAMPLES, ids=lambda test: test.name)
def test_examples_in_docstrings(test: doctest.DocTest, example: dict[str, Any]) -> None:
    output: list[str] = []
    test.globs.update(example)
    assert doctest.DocTestRunner().run(test, out=output.append).failed == 0, "".join(output)


def test_the_main_calls_have_examples() -> None:
    named = {test.name.removeprefix("keylatch.") for test in EXAMPLES}
    main = {"client.Keylatch", "aio.AsyncKeylatch", "errors", "groups.Apps.get", "groups.Integrations.create"}
    main |= {f"composio.{n}" for n in ("sdk.Composio", "toolset.ComposioToolSet", "names.App", "schemes.AuthSchemes")}
    main |= {f"client.Keylatch.{n}" for n in ("get_expected_params_for_user", "initiate_connection")}
    main |= {f"composio.{n}" for n in ("sdk.Composio", "toolset.ComposioToolSet", "names.App", "schemes.AuthSchemes")}
    main |= {
        f"client.Keylatch.{n}" for n in ("composio", "execute_action", "request", "request_pages", "request_stream")
    }
    assert main <= named


def test_examples_in_the_readme(example: dict[str, Any]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (BINDING / "README.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            exec(compile(block, "README.md", "exec"), dict(example))


def test_the_version_is_the_cores() -> None:
    import importlib.metadata

    assert keylatch.__version__ == importlib.metadata.version("keylatch")
