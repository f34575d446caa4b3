"""Every kind of fault that a template can have is found, in its file and line, with what to write instead.

Each seed below spoils the real templates in one place. `later` is how many lines below the first line of the
spoilt text the fault is seen.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.infra.sandbox import Sandbox


class Seed(NamedTuple):
    """What is spoilt, how, and what has to be said of it."""

    kind: str
    file: str
    old: str
    new: str
    said: str
    later: int | None = 0


MAIN, APP, BUS = "main.bicep", "modules/app.bicep", "modules/bus.bicep"
STORE, STORAGE, VAULT = "modules/store.bicep", "modules/storage.bicep", "modules/vault.bicep"
ALERTS, NETWORK, TELEMETRY = "modules/alerts.bicep", "modules/network.bicep", "modules/telemetry.bicep"
IDENTITY = "modules/identity.bicep"
CRITERION = "\n          name: each.name\n          metricNamespace: 'Microsoft.ServiceBus"

SYNTAX = [
    Seed("a text without end", VAULT, "family: 'A'", "family: 'A", "the text does not end on its line"),
    Seed("two things on a line", VAULT, "family: 'A'", "family: 'A' name: 'x'", "begin a new line"),
    Seed("a value that is missing", VAULT, "family: 'A'", "family:", "an expression is missing"),
    Seed(
        "an unknown word",
        IDENTITY,
        "param name string",
        "parameter name string",
        "'parameter' declares nothing",
    ),
    Seed("a sign that is none", VAULT, "family: 'A'", "family: ;", "unexpected ';'"),
    Seed("an escape that is none", VAULT, "family: 'A'", r"family: '\A'", r"'\A' is no escape"),
    Seed("an expression in a text without end", APP, "'plan-${name}'", "'plan-${name", "close it with }"),
    Seed(
        "a module without a body",
        MAIN,
        "'modules/identity.bicep' = {",
        "'modules/identity.bicep' = [",
        "is not expected",
        1,
    ),
]

NAMES = [
    Seed(
        "an unknown symbol",
        BUS,
        "capacity: tier ==",
        "capacity: teir ==",
        "unknown symbol 'teir'; did you mean 'tier'?",
    ),
    Seed(
        "an unknown symbol in a text",
        BUS,
        "${namespace.name}.servicebus",
        "${namespaces.name}.servicebus",
        "unknown symbol 'namespaces'",
    ),
    Seed(
        "a name that is declared twice",
        BUS,
        "var entities = map(",
        "var systems = map(",
        "'systems' is declared twice",
    ),
    Seed(
        "a parameter that nobody uses",
        STORE,
        "param sku string",
        "param sku string\nparam idle string = ''",
        "'idle' is not used",
        1,
    ),
    Seed(
        "a variable that nobody uses",
        STORE,
        "param sku string",
        "param sku string\nvar idle = 1",
        "'idle' is not used",
        1,
    ),
    Seed("a name out of its loop", BUS, "name: '$Default'", "name: each.target", "unknown symbol 'each'"),
    Seed(
        "an unknown function",
        APP,
        "toUpper(replace('${system.key}_${setting}', '-', '_'))\n  value",
        "upper(replace('${system.key}_${setting}', '-', '_'))\n  value",
        "unknown function 'upper'",
    ),
    Seed(
        "too many arguments",
        MAIN,
        "take(token, 13)",
        "take(token, 13, 1)",
        "take() takes 2 arguments, 3 are given",
    ),
    Seed(
        "a resource that is not inside",
        STORAGE,
        "account::blobs::packages.name",
        "account::blobs::files.name",
        "there is no resource 'files' inside",
    ),
    Seed(
        "a property that stands twice",
        VAULT,
        "family: 'A'",
        "family: 'A'\n      family: 'A'",
        "'family' stands twice",
        1,
    ),
]

TYPES = [
    Seed(
        "an unknown property",
        BUS,
        "maxDeliveryCount: 10",
        "maxDeliveries: 10",
        "unknown property 'maxDeliveries' of SBSubscriptionProperties; did you mean 'maxDeliveryCount'?",
    ),
    Seed(
        "an unknown property at the top",
        APP,
        "kind: 'functionapp,linux'",
        "kinds: 'functionapp,linux'",
        "unknown property 'kinds'",
    ),
    Seed(
        "a text for a number",
        BUS,
        "maxDeliveryCount: 10",
        "maxDeliveryCount: '10'",
        "'maxDeliveryCount' is of kind int, this is string",
    ),
    Seed(
        "a number for a text",
        BUS,
        "lockDuration: 'PT5M'\n    maxDelivery",
        "lockDuration: 5\n    maxDelivery",
        "'lockDuration' is of kind string, this is int",
    ),
    Seed(
        "a text for a bool",
        BUS,
        "disableLocalAuth: true",
        "disableLocalAuth: 'true'",
        "'disableLocalAuth' is of kind bool, this is string",
    ),
    Seed(
        "an object for a list",
        NETWORK,
        "addressPrefixes: [\n        '10.40.0.0/16'\n      ]",
        "addressPrefixes: {}",
        "'addressPrefixes' is of kind array, this is object",
    ),
    Seed(
        "no such choice",
        STORE,
        "autoGrow: 'Enabled'",
        "autoGrow: 'On'",
        "'autoGrow' cannot be 'On'; there are Disabled, Enabled",
    ),
    Seed(
        "no such choice in one of two ways",
        STORAGE,
        "? 'Allow' : 'Deny'",
        "? 'Allow' : 'Forbid'",
        "'defaultAction' cannot be 'Forbid'",
    ),
    Seed(
        "a choice that the parameter allows and Azure does not",
        STORE,
        "'MemoryOptimized'\n",
        "'MemoryOptimised'\n",
        "'tier' cannot be 'MemoryOptimised'",
        36,
    ),
    Seed(
        "a required property that is missing",
        VAULT,
        "    tenantId: tenant().tenantId\n",
        "",
        "required property 'tenantId' of VaultProperties is missing",
        -1,
    ),
    Seed(
        "a read-only property",
        BUS,
        "maxDeliveryCount: 10",
        "maxDeliveryCount: 10\n    messageCount: 1",
        "'messageCount' of SBSubscriptionProperties is read-only",
        1,
    ),
    Seed(
        "an unknown type of resource",
        IDENTITY,
        "userAssignedIdentities@",
        "userAssignedIdentity@",
        "unknown type of resource",
    ),
    Seed(
        "a version that is not checked",
        IDENTITY,
        "@2024-11-30",
        "@2018-11-30",
        "what is checked here is 2024-11-30",
    ),
    Seed("no version", IDENTITY, "@2024-11-30", "", "write the version of the interface"),
    Seed("a resource without a name", IDENTITY, "  name: name\n", "", "resource 'identity' has no name", -1),
    Seed(
        "the wrong parent",
        BUS,
        "parent: changes",
        "parent: namespace",
        "does not stand in a Microsoft.ServiceBus/namespaces",
    ),
    Seed(
        "a parent that is no resource",
        BUS,
        "parent: changes",
        "parent: rule",
        "the parent is no resource of this file",
    ),
    Seed(
        "an unknown kind of criteria",
        ALERTS,
        f"'StaticThresholdCriterion'{CRITERION}",
        f"'FixedCriterion'{CRITERION}",
        "'criterionType' says which of several",
        -1,
    ),
    Seed(
        "a property that Azure does not tell",
        TELEMETRY,
        "insights.properties.ConnectionString",
        "insights.properties.ConnectString",
        "'insights' has no property 'ConnectString'; did you mean 'ConnectionString'?",
    ),
    Seed(
        "a fixed name that there is not",
        APP,
        "name: 'appsettings'",
        "name: 'appsetting'",
        "Microsoft.Web/sites/config has no 'appsetting'",
        -1,
    ),
]

EXPRESSIONS = [
    Seed(
        "a condition that is no bool",
        VAULT,
        "= if (!empty(officerId)) {",
        "= if (officerId) {",
        "a condition is a bool, this is a string",
    ),
    Seed(
        "not, of a text",
        VAULT,
        "= if (!empty(officerId)) {",
        "= if (!officerId) {",
        "what stands after ! is a bool, this is a string",
    ),
    Seed(
        "a loop over an object",
        BUS,
        "[for rule in rules:",
        "[for rule in topology:",
        "what a loop goes over is an array, this is an object",
    ),
    Seed(
        "a loop's resource without index",
        BUS,
        "parent: subscriptions[index]",
        "parent: subscriptions.id",
        "the parent is no resource of this file",
    ),
    Seed(
        "and, between a text and a bool",
        BUS,
        "tier == 'Premium' && !empty(subnetId)",
        "tier && !empty(subnetId)",
        "what && joins is a bool, this is a string",
    ),
    Seed("a sum of texts", APP, "100 + index", "'100' + index", "what + joins is an int, this is a string"),
    Seed(
        "a property of a text",
        BUS,
        "subnet: {\n          id: subnetId",
        "subnet: {\n          id: subnetId.id",
        "a string has no property 'id'",
        1,
    ),
    Seed(
        "dependsOn of what is no resource",
        STORE,
        "dependsOn: [\n    database",
        "dependsOn: [\n    tags",
        "dependsOn names resources and modules only",
        1,
    ),
]

PARAMETERS = [
    Seed("an unknown type", STORE, "param sku string", "param sku text", "unknown type 'text'"),
    Seed(
        "an unknown decorator",
        STORE,
        "@minValue(7)",
        "@minimumValue(7)",
        "unknown decorator 'minimumValue'; did you mean 'minValue'?",
    ),
    Seed(
        "a decorator at the wrong place",
        STORE,
        "param sku string",
        "@minValue(1)\nparam sku string",
        "@minValue does not belong to 'sku'",
    ),
    Seed(
        "a loop's decorator where there is no loop",
        VAULT,
        "resource vault ",
        "@batchSize(1)\nresource vault ",
        "@batchSize does not belong to 'vault'",
    ),
    Seed(
        "a decorator without its argument",
        STORE,
        "@minValue(7)",
        "@minValue()",
        "@minValue takes 1 arguments",
    ),
    Seed(
        "a secret with a default",
        STORE,
        "param sku string",
        "@secure()\nparam sku string = 'x'",
        "'sku' is a secret, and its default stands here for all to read",
        1,
    ),
    Seed(
        "a default of another type",
        ALERTS,
        "param failures int = 5",
        "param failures int = '5'",
        "the default of 'failures' is of kind string, not int",
    ),
    Seed(
        "a default that is not allowed",
        ALERTS,
        "param pollWindow string = 'PT30M'",
        "param pollWindow string = 'PT31M'",
        "the default of 'pollWindow' is 'PT31M'; allowed are",
    ),
    Seed(
        "an output that shows a secret",
        STORE,
        "param sku string",
        "@secure()\nparam sku string\noutput shown string = sku",
        "output 'shown' would show the secret 'sku'",
        2,
    ),
    Seed(
        "an output that shows a key",
        STORAGE,
        "output name string = account.name",
        "output name string = listKeys(account.id, '2026-09-01').keys[0]",
        "output 'name' would show a key: listKeys()",
    ),
    Seed(
        "an output of another type",
        BUS,
        "output id string = namespace.id",
        "output id string = rules",
        "output 'id' is of kind array, not string",
    ),
]

MODULES = [
    Seed(
        "a path that leads nowhere",
        MAIN,
        "'modules/vault.bicep'",
        "'modules/safe.bicep'",
        "there is no file modules/safe.bicep",
    ),
    Seed(
        "a parameter that is missing",
        MAIN,
        "    tier: chosen.busTier\n",
        "",
        "parameter 'tier' of modules/bus.bicep is missing",
        None,
    ),
    Seed(
        "a parameter that there is not",
        MAIN,
        "    tier: chosen.busTier",
        "    tear: chosen.busTier",
        "modules/bus.bicep has no parameter 'tear'; did you mean 'tier'?",
    ),
    Seed(
        "a parameter of another type",
        MAIN,
        "    tier: chosen.busTier",
        "    tier: 5",
        "parameter 'tier' is of kind string, this is int",
    ),
    Seed(
        "a parameter that is not allowed",
        MAIN,
        "    tier: chosen.busTier",
        "    tier: 'Basic'",
        "parameter 'tier' is 'Basic'; allowed are",
    ),
    Seed(
        "an output that there is not",
        MAIN,
        "app.outputs.url",
        "app.outputs.uri",
        "module 'app' has no output 'uri'; did you mean 'url'?",
    ),
    Seed(
        "an output of a module that may not be there",
        MAIN,
        "zoneId: fixedAddress ? network!.",
        "zoneId: fixedAddress ? network.",
        "module 'network' may not be there",
    ),
    Seed(
        "something of a module that is no output",
        MAIN,
        "app.outputs.url",
        "app.properties.url",
        "a module has outputs, no 'properties'",
    ),
    Seed(
        "a module with no place to go to",
        MAIN,
        "'modules/identity.bicep' = {\n  scope: group",
        "'modules/identity.bicep' = {",
        "goes into a resourceGroup: say which with scope",
    ),
    Seed(
        "a loaded file that is not there",
        MAIN,
        "'../topology.yaml'",
        "'../topologies.yaml'",
        "there is no file ../topologies.yaml",
    ),
    Seed(
        "an environment's unknown parameter",
        "environments/small.parameters.json",
        '"size"',
        '"sise"',
        "main.bicep has no parameter 'sise'; did you mean 'size'?",
    ),
    Seed(
        "an environment's value that is not allowed",
        "environments/small.parameters.json",
        '"small"',
        '"tiny"',
        "parameter 'size' is 'tiny'; allowed are",
        -1,
    ),
    Seed(
        "an environment that lacks a parameter",
        "environments/small.parameters.json",
        '    "environmentName": {\n      "value": "test"\n    },\n',
        "",
        "parameter 'environmentName' is missing",
        None,
    ),
]

SMALL = "environments/small.parameters.json"
TOLD = [
    Seed(
        "a system that the topology lacks",
        SMALL,
        '"lms": {',
        '"lns": {',
        "the topology has no system 'lns'; did",
    ),
    Seed(
        "a setting that the room lacks",
        SMALL,
        '"audience"',
        '"audiense"',
        "salesforce has no setting 'audiense'",
    ),
    Seed("a secret in the file", SMALL, '"audience"', '"private_key"', "it goes into the vault"),
    Seed(
        "a secret that the room lacks",
        SMALL,
        '"client_secret"',
        '"secret"',
        "salesforce has no secret 'secret'",
    ),
    Seed(
        "a setting that the hub lacks",
        "environments/large.parameters.json",
        '"retry_attempts"',
        '"retry_attempt"',
        "the hub has no setting",
    ),
]

TOLD += [
    Seed(
        "a number that no size has",
        "environments/largest.parameters.json",
        '"busUnits"',
        '"busUnit"',
        "a size has no 'busUnit'",
    ),
]

MADE = [
    Seed(
        "a value that is wrong only when worked out",
        ALERTS,
        "window: 'PT5M'",
        "window: 5",
        "'windowSize' is of kind string, this is int",
        None,
    ),
    Seed(
        "a choice that is wrong only when worked out",
        MAIN,
        "storeStandby: 'Disabled'",
        "storeStandby: 'None'",
        "'mode' cannot be 'None'",
        None,
    ),
    Seed("a part that is not there", MAIN, "    busTier: 'Premium'\n", "", "there is no 'busTier'", None),
]

POLICIES = [
    Seed(
        "keys of the bus",
        BUS,
        "disableLocalAuth: true",
        "disableLocalAuth: false",
        "the bus is opened by identities only",
    ),
    Seed(
        "keys of storage",
        STORAGE,
        "allowSharedKeyAccess: false",
        "allowSharedKeyAccess: true",
        "storage is opened by identities only",
    ),
    Seed("old encryption", STORAGE, "'TLS1_2'", "'TLS1_0'", "TLS 1.2 at least"),
    Seed(
        "passwords of the store",
        STORE,
        "passwordAuth: 'Disabled'",
        "passwordAuth: 'Enabled'",
        "the store has no passwords",
    ),
    Seed(
        "secrets that can be purged",
        VAULT,
        "enablePurgeProtection: true",
        "enablePurgeProtection: false",
        "a deleted secret can be had back",
    ),
    Seed(
        "a vault that says nothing of purging",
        VAULT,
        "    enablePurgeProtection: true\n",
        "",
        "a deleted secret can be had back",
    ),
    Seed("plain HTTP", APP, "httpsOnly: true", "httpsOnly: false", "the app speaks HTTPS only"),
    Seed(
        "more rights than are explained",
        VAULT,
        "'4633458b-17de-408a-b874-0445c86b69e6'",
        "'b24988ac-6180-42a0-ab88-20f7382dd24c'",
        "rights are few",
    ),
    Seed(
        "a right on everything",
        VAULT,
        "  scope: vault\n  name: guid(vault.id, principalId, secretsUser)",
        "  name: guid(vault.id, principalId, secretsUser)",
        "a role is given on one thing",
    ),
    Seed(
        "a resource without tags",
        IDENTITY,
        "  tags: tags\n",
        "  tags: empty(tags) ? tags : {}\n",
        "has no tags",
    ),
    Seed(
        "storage open beside the network",
        STORAGE,
        "empty(subnetId) ? 'Allow' : 'Deny'",
        "empty(subnetId) ? 'Deny' : 'Allow'",
        "only the app's network is let in",
    ),
    Seed(
        "a subscription that keeps its dead letters",
        BUS,
        "    forwardDeadLetteredMessagesTo: deadLetters.name\n  }\n}]",
        "  }\n}]",
        "operators watch one queue",
    ),
]

STATIC = [*SYNTAX, *NAMES, *TYPES, *EXPRESSIONS, *PARAMETERS, *MODULES, *TOLD]


def test_the_templates_as_they_are_have_no_fault(sandbox: Sandbox):
    assert sandbox.check() == []


@pytest.mark.parametrize("seed", STATIC, ids=lambda seed: seed.kind)
def test_a_fault_is_found_with_its_line(sandbox: Sandbox, seed: Seed):
    line = sandbox.spoil(seed.file, seed.old, seed.new)

    found = [fault for fault in sandbox.check() if seed.said in fault.text]

    assert found, [str(fault) for fault in sandbox.check()]
    if seed.later is not None:
        assert (str(found[0].at.file), found[0].at.line) == (f"infra/{seed.file}", line + seed.later)


def test_a_file_that_no_other_uses_is_a_fault(sandbox: Sandbox):
    (sandbox.folder / "modules" / "spare.bicep").write_text("param name string\noutput same string = name\n")

    assert [*map(str, sandbox.check())] == ["infra/modules/spare.bicep:1: no template uses this file"]


@pytest.mark.parametrize("seed", [*MADE, *POLICIES], ids=lambda seed: seed.kind)
def test_a_fault_of_what_would_be_made_is_found(sandbox: Sandbox, seed: Seed):
    sandbox.spoil(seed.file, seed.old, seed.new)

    assert [fault for fault in sandbox.check() if seed.said in fault.text], [*map(str, sandbox.check())]
