"""The walls of the house, read off the imports: who may know of whom.

functions/<room>     shared, itself, triggers    never another room, never local
shared               shared                      never functions, local, azure.functions
shared.model         shared.model
httpx                only where HTTP is spoken
requirements.txt     what deployed code imports, and nothing else
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent
OURS = ("functions", "shared", "local", "infra", "tests", "benchmarks", "function_app")
DEPLOYED = ("functions", "shared", "function_app")
SPEAK_HTTP = re.compile(r"shared\.adapters\.http|shared\.wiring|functions\.\w+\.(client|connection)")
LOADED_BY_NAME = frozenset({"psycopg", "aiohttp", "sniffio"})
"""SQLAlchemy loads the first where the store's address says so, Azure's asynchronous clients the second,
httpcore the third."""


@cache
def modules() -> Mapping[str, ast.Module]:
    """Every module of ours by its name, parsed."""
    files = [ROOT / "function_app.py", *(file for name in OURS for file in (ROOT / name).rglob("*.py"))]
    files = [file for file in files if "migrations" not in file.parts]  # alembic runs these by path
    return {_name(file): ast.parse(file.read_text(), str(file)) for file in files}


def _name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(name: str) -> frozenset[str]:
    """What a module imports, anywhere in it, by full names; a module that a package gives by name, too."""
    return frozenset(each for node in ast.walk(modules()[name]) for each in _imported(node))


@cache
def loads(name: str) -> frozenset[str]:
    """As `imports`, of ours, without those that only name types."""
    tree = modules()[name]
    typing = [node for node in ast.walk(tree) if isinstance(node, ast.If) and _is_typing(node.test)]
    unreal = {id(each) for node in typing for each in ast.walk(node)}
    real = (node for node in ast.walk(tree) if id(node) not in unreal)
    return frozenset(each for node in real for each in _imported(node) if each in modules())


def _is_typing(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        if node.level or node.module is None:
            raise AssertionError("imports are absolute: whoever reads a line sees whom it knows")
        inner = [f"{node.module}.{alias.name}" for alias in node.names]
        found = [each for each in inner if each in modules()]
        yield from found
        if len(found) < len(inner):
            yield node.module


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def crossing(package: str, *forbidden: str) -> list[str]:
    """The imports out of a package that go where they must not."""
    return [
        f"{name} imports {each}"
        for name in modules()
        if within(name, package)
        for each in imports(name)
        if within(each, *forbidden)
    ]


FURNITURE = "functions.triggers"
"""What every room has: not a room itself."""


def rooms() -> list[str]:
    found = {".".join(name.split(".")[:2]) for name in modules() if name.startswith("functions.")}
    return sorted(found - {FURNITURE})


def test_a_room_imports_only_the_kernel_and_itself():
    for room in rooms():
        others = [each for each in rooms() if each != room]
        assert not crossing(room, *others, "local", "infra", "tests", "benchmarks", "function_app")


def test_what_every_room_has_knows_no_room():
    assert not crossing(FURNITURE, *rooms(), "local", "infra", "tests", "benchmarks", "function_app")


def test_the_kernel_knows_no_room_no_host_and_no_desk():
    assert not crossing(
        "shared", "functions", "function_app", "local", "infra", "tests", "benchmarks", "azure.functions"
    )


def test_the_model_knows_only_itself():
    assert [each for each in crossing("shared.model", *OURS) if " shared.model." not in each] == []


def test_only_triggers_know_the_functions_host():
    users = {name for name in modules() if within(name, *DEPLOYED) and "azure.functions" in imports(name)}
    assert all(name == "function_app" or name.endswith(".triggers") for name in users)


def test_httpx_lives_where_http_is_spoken():
    users = [name for name in modules() if within(name, *DEPLOYED) and "httpx" in imports(name)]
    assert [name for name in users if not SPEAK_HTTP.fullmatch(name)] == []


def test_nothing_deployed_knows_the_desk_or_the_tests():
    for package in DEPLOYED:
        assert not crossing(package, "local", "infra", "tests", "benchmarks")


def test_no_two_modules_import_each_other_by_any_way():
    for name in modules():
        assert name not in reached(name), f"{name} loads itself in the end"


@cache
def reached(name: str) -> frozenset[str]:
    """All modules that this one loads, and those that they do."""
    found: set[str] = set()
    ahead = [*loads(name)]
    while ahead:
        each = ahead.pop()
        if each not in found:
            found.add(each)
            ahead += loads(each)
    return frozenset(found)


def test_every_deployed_module_is_reached_from_the_function_app_or_a_command():
    """A package that is passed through counts: its `__init__` is the card on its door."""
    known = reached("function_app").union(*(reached(name) for name in modules() if within(name, "local")))
    passed = {".".join(each.split(".")[:depth]) for each in known for depth in range(1, 5)}
    deployed = {name for name in modules() if within(name, *DEPLOYED) and name != "function_app"}
    assert deployed - known - passed == set()


def test_requirements_hold_what_deployed_code_imports_and_nothing_else():
    listed = {_normal(line) for line in (ROOT / "requirements.txt").read_text().splitlines() if _normal(line)}
    assert listed == _imported_distributions() | LOADED_BY_NAME


def _imported_distributions() -> set[str]:
    names = {
        each
        for name in modules()
        if within(name, *DEPLOYED)
        for each in imports(name)
        if not within(each, *OURS)
    }
    third = {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}
    return {_distribution(name) for name in third}


def _distribution(name: str) -> str:
    """The package that brings a module. Several share `azure`: there the module's own name says which."""
    first = name.split(".", maxsplit=1)[0]
    if first == "azure":
        return "-".join(name.split(".")[:2])
    return _normal(packages_distributions()[first][0])


def _normal(line: str) -> str:
    """The name of a distribution in a line of requirements."""
    found = re.match(r"[A-Za-z0-9._-]+", line.partition("#")[0].strip())
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""
