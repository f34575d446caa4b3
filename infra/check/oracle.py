"""Reads Azure's own management models, and writes down what the check needs of them: `types.json`.

    python -m venv .oracle
    .oracle/bin/pip install -r infra/check/oracle-requirements.txt
    .oracle/bin/python -m infra.check.oracle

Microsoft's Python clients are made from the interface's own description. Each client has operations, which
say to which address a resource is PUT and in which version, and models, which say what is put there:

    operations  PUT .../Microsoft.ServiceBus/namespaces/{}/topics/{}  2026-01-01  SBTopic
    models      SBTopic.properties: SBTopicProperties, whose requiresDuplicateDetection is a bool

The clients together are a hundred megabytes; what is written down is small, and so the tests need none of
them. Models of two generations are read: those that say `rest_field`, and those with an `_attribute_map`.
"""

from __future__ import annotations

import ast
import enum
import importlib
import json
import re
import typing
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
FILE = HERE / "types.json"
CLIENTS = {
    "applicationinsights": "azure.mgmt.applicationinsights.v2020_02_02",
    "authorization": "azure.mgmt.authorization.v2022_04_01",
    "keyvault": "azure.mgmt.keyvault",
    "loganalytics": "azure.mgmt.loganalytics",
    "monitor": "azure.mgmt.monitor",
    "msi": "azure.mgmt.msi.v2024_11_30",
    "network": "azure.mgmt.network",
    "postgresqlflexibleservers": "azure.mgmt.postgresqlflexibleservers",
    "privatedns": "azure.mgmt.privatedns",
    "resource": "azure.mgmt.resource.resources",
    "servicebus": "azure.mgmt.servicebus",
    "storage": "azure.mgmt.storage",
    "web": "azure.mgmt.web",
}
WANTED = re.compile(
    r"""Microsoft\.(
    Authorization/roleAssignments
    |DBforPostgreSQL/flexibleServers(/(administrators|configurations|databases|firewallRules))?
    |Insights/(actionGroups|components|metricAlerts|scheduledQueryRules)
    |KeyVault/vaults
    |ManagedIdentity/userAssignedIdentities
    |Network/(natGateways|networkSecurityGroups|privateDnsZones(/virtualNetworkLinks)?
        |publicIPAddresses|virtualNetworks(/subnets)?)
    |OperationalInsights/workspaces
    |Resources/resourceGroups
    |ServiceBus/namespaces(/(networkRuleSets(=default)?|queues|topics(/subscriptions(/rules)?)?))?
    |Storage/storageAccounts(/blobServices(=default)?(/containers)?)?
    |Web/(serverfarms|sites(/(config=(appsettings|authsettingsV2)|basicPublishingCredentialsPolicies=\w+))?)
    )""",
    re.VERBOSE,
)
"""What a hub may be made of. Others are asked for by a line here, and by running this again."""

PRIMITIVES = {"str": "str", "int": "int", "float": "float", "bool": "bool", "long": "int", "bytes": "str"}
PRIMITIVES |= {"datetime": "str", "timedelta": "str", "iso-8601": "str", "duration": "str", "date": "str"}
Type = Any  # as JSON: "str", {"list": Type}, {"map": Type}, {"enum": [...]}, {"model": name}


class Oracle:
    """What has been read so far."""

    def __init__(self) -> None:
        self.resources: dict[str, dict[str, str]] = {}
        self.models: dict[str, dict[str, Any]] = {}

    def read(self, client: str, path: str) -> None:
        models = importlib.import_module(f"{path}.models")
        for kind, api, model, answer in put(path):
            if WANTED.fullmatch(kind) and hasattr(models, model):
                put_there = self.learn(client, models, getattr(models, model))
                answered = self.learn(client, models, getattr(models, answer))
                self.resources[kind] = {"version": api, "model": put_there, "answer": answered}

    def learn(self, client: str, models: ModuleType, model: type) -> str:
        """The model and all that it is made of; its name."""
        name = f"{client}.{model.__name__}"
        if name not in self.models:
            self.models[name] = {}
            wires = WIRES[hasattr(model, "_attribute_map")](model, models)
            self.models[name] = self._properties(client, models, name, wires)
            variants = _variants(model, models)
            if variants and model not in variants[1].values():
                learnt = {value: self.learn(client, models, each) for value, each in variants[1].items()}
                self.models[name] = {"discriminator": variants[0], "variants": learnt}
        return name

    def _properties(
        self, client: str, models: ModuleType, name: str, wires: Iterator[Wire]
    ) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        for path, hint, flags in wires:
            entry = {"type": self._type(client, models, hint)} | dict.fromkeys(sorted(flags), True)
            self._put(properties, name, path, entry)
        return {"properties": properties}

    def _put(self, properties: dict[str, Any], name: str, path: list[str], entry: dict[str, Any]) -> None:
        """Old models flatten: their `properties.sku` is a property of a model that has no name of its own."""
        for step in path[:-1]:
            name = f"{name}.{step}"
            properties.setdefault(step, {"type": {"model": name}})
            properties = self.models.setdefault(name, {"properties": {}})["properties"]
        properties[path[-1]] = entry

    def _type(self, client: str, models: ModuleType, hint: Any) -> Type:
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            return (
                "int" if issubclass(hint, int | float) else {"enum": sorted(str(each.value) for each in hint)}
            )
        if isinstance(hint, type) and hint.__module__.startswith("azure.mgmt"):
            return {"model": self.learn(client, models, hint)}
        if origin := typing.get_origin(hint):
            return self._composed(client, models, origin, typing.get_args(hint))
        return PRIMITIVES.get(getattr(hint, "__name__", str(hint)), "any")

    def _composed(self, client: str, models: ModuleType, origin: Any, inner: tuple[Any, ...]) -> Type:
        if origin is typing.Literal:
            return {"enum": sorted(str(getattr(each, "value", each)) for each in inner)}
        if origin in (list, dict, Mapping):
            name = "list" if origin is list else "map"
            return {name: self._type(client, models, inner[-1])}
        return self._union(client, models, inner)

    def _union(self, client: str, models: ModuleType, members: tuple[Any, ...]) -> Type:
        """`str` beside an enum is how the clients leave room for values of tomorrow."""
        types = [self._type(client, models, each) for each in members if each is not type(None)]
        named = [each for each in types if isinstance(each, dict)]
        return (named or types)[0]


Wire = tuple[list[str], Any, set[str]]
"""A property: its path, its Python type, and what is special about it."""


def _new(model: type, models: ModuleType) -> Iterator[Wire]:
    hints = typing.get_type_hints(
        model, globalns={**vars(models), **vars(typing), "_models": models}, localns=TIME
    )
    for each in reversed(model.__mro__):
        for attribute, field in vars(each).items():
            if type(field).__name__ == "_RestField":
                hint = hints[attribute]
                optional = type(None) in typing.get_args(hint)
                flags = set() if optional else {"required"}
                if field._visibility == ["read"]:  # noqa: SLF001 - the client has no other way to say it
                    flags = {"readonly"}
                yield [field._rest_name_input or attribute], hint, flags  # noqa: SLF001 - as above


def _old(model: Any, models: ModuleType) -> Iterator[Wire]:
    said = typing.get_type_hints(
        model.__init__, globalns={**vars(models), **vars(typing), "_models": models}, localns=TIME
    )
    for attribute, wire in model._attribute_map.items():  # noqa: SLF001 - as above
        rules = model._validation.get(attribute, {})  # noqa: SLF001 - as above
        flags = {flag for flag in ("required", "readonly") if rules.get(flag)}
        path = [part.replace("\0", ".") for part in wire["key"].replace("\\.", "\0").split(".")]
        yield path, said.get(attribute, _spelt(wire["type"], models)), flags


def _spelt(text: str, models: ModuleType) -> Any:
    """A type as old models spell it: `[Rule]`, `{str}`."""
    if text[0] == "[":
        return list[_spelt(text[1:-1], models)]  # type: ignore[misc] # a type made at run time
    if text[0] == "{":
        return dict[str, _spelt(text[1:-1], models)]  # type: ignore[misc] # as above
    return getattr(models, text, {"str": str, "int": int, "bool": bool, "float": float}.get(text, Any))


WIRES = {False: _new, True: _old}
TIME = {"datetime": importlib.import_module("datetime"), "JSON": dict, "MutableMapping": Mapping}


def _variants(model: Any, models: ModuleType) -> tuple[str, dict[str, type]] | None:
    """By which property, and by which value of it, a model is one of several."""
    if found := getattr(model, "_subtype_map", None):
        attribute, names = next(iter(found.items()))
        key = model._attribute_map[attribute]["key"].replace("\\.", ".")  # noqa: SLF001 - as above
        return key, {value: getattr(models, name) for value, name in names.items()}
    mapping = {
        str(getattr(value, "value", value)): each
        for value, each in vars(model).get("__mapping__", {}).items()
    }
    fields = [
        field._rest_name_input or attribute  # noqa: SLF001 - as above
        for attribute, field in vars(model).items()
        if getattr(field, "_is_discriminator", False)
    ]
    return (fields[0], mapping) if mapping and fields else None


def put(path: str) -> Iterator[tuple[str, str, str, str]]:
    """(Type of resource, API version, model, model of the answer) of everything that can be PUT."""
    folder = Path(next(iter(importlib.import_module(f"{path}.operations").__path__)))
    for file in sorted(folder.glob("*operations.py")):
        tree = ast.parse(file.read_text("utf-8"))
        requests = dict(_requests(tree, _default(path)))
        for group in tree.body:
            if isinstance(group, ast.ClassDef):
                methods = [each for each in group.body if isinstance(each, ast.FunctionDef)]
                for method in methods:
                    yield from _bodies(method, methods, requests)


def _requests(tree: ast.Module, default: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Name of the function that makes a request → (type of resource, API version)."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and "method='PUT'" in ast.unparse(node):
            texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
            strings = [each for each in texts if isinstance(each, str)]
            url = "".join(each for each in strings if each.startswith("/") and "{" in each)
            dates = [each for each in strings if re.fullmatch(r"20\d\d-\d\d-\d\d(-preview)?", each)]
            if kind := kind_of(url):
                yield node.name, (kind, dates[0] if dates else default)


def _default(path: str) -> str:
    folder = Path(next(iter(importlib.import_module(path).__path__)))
    found = re.search(r'"(20\d\d-\d\d-\d\d(-preview)?)"', (folder / "_configuration.py").read_text("utf-8"))
    return found[1] if found else ""


def kind_of(url: str) -> str | None:
    """The type of resource at an address: names left out; a fixed name follows after `=`."""
    if url.lower() == "/subscriptions/{subscriptionid}/resourcegroups/{resourcegroupname}":
        return "Microsoft.Resources/resourceGroups"
    provider, *parts = url.rpartition("/providers/")[2].split("/")
    if not parts or len(parts) % 2 or "{" in "".join(parts[0::2]):
        return None
    kinds, names = parts[0::2], parts[1::2]
    fixed = "" if names[-1].startswith("{") else f"={names[-1]}"
    return f"{provider}/{'/'.join(kinds)}{fixed}"


def _bodies(
    method: ast.FunctionDef, methods: list[ast.FunctionDef], requests: Mapping[str, tuple[str, str]]
) -> Iterator[tuple[str, str, str, str]]:
    nodes = [
        each for each in ast.walk(method) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
    ]
    calls = {ast.unparse(each.func) for each in nodes}
    waits = method.name.removeprefix("_").removesuffix(
        "_initial"
    )  # a long call is begun by one, awaited by another
    texts = [ast.unparse(each) for each in methods if each.name in (method.name, f"begin_{waits}")]
    for name in calls & requests.keys():
        for argument in method.args.args:
            said = ast.unparse(argument.annotation) if argument.annotation else ""
            if found := re.search(r"_models\d*\.(\w+)", said):
                named = re.findall(r"_models\d*\.(\w+)", " ".join(texts))
                yield (*requests[name], found[1], _answer(named, found[1]))


def _answer(named: list[str], put_there: str) -> str:
    """The model that a method answers with: the other one that it names, where there is another."""
    others = [each for each in named if each != put_there and "Error" not in each]
    return others[-1] if others else put_there


def main() -> None:
    oracle = Oracle()
    for client, path in CLIENTS.items():
        oracle.read(client, path)
    packages = {f"azure-mgmt-{client}": version(f"azure-mgmt-{client}") for client in CLIENTS}
    written: dict[str, Mapping[str, Any]] = {
        "packages": packages,
        "resources": oracle.resources,
        "models": oracle.models,
    }
    lines = [f"{json.dumps(part)}: {_lines(each)}" for part, each in written.items()]
    FILE.write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")


def _lines(part: Mapping[str, Any]) -> str:
    """A line for each entry, so that a change of the models reads as one."""
    return "{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(part[key])}" for key in sorted(part)) + "}"


if __name__ == "__main__":
    main()
