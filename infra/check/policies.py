"""What must hold of everything that is made, in every environment: nobody comes in by a key, everything is
encrypted on its way, rights are few, and what is lost can be had back.

A rule looks at what the templates make, not at how they say it; so a parameter cannot undo it unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from infra.check import types
from infra.check.deployment import Deployment, Made
from infra.check.faults import Fault

Test = Callable[[Any], bool]


class Rule(NamedTuple):
    """Of each resource of a type, the value at a path has to be so."""

    type: str
    path: str
    holds: Test
    why: str


def _is(wanted: Any) -> Test:
    return lambda found: bool(found == wanted)


STORAGE = "Microsoft.Storage/storageAccounts"
BUS = "Microsoft.ServiceBus/namespaces"
VAULT = "Microsoft.KeyVault/vaults"
STORE = "Microsoft.DBforPostgreSQL/flexibleServers"
SITE = "Microsoft.Web/sites"
ROLES = "Microsoft.Authorization/roleAssignments"
NET = "properties.networkAcls.defaultAction"

RULES = (
    Rule(STORAGE, "properties.allowSharedKeyAccess", _is(False), "storage is opened by identities only"),
    Rule(STORAGE, "properties.allowBlobPublicAccess", _is(False), "nothing in storage is public"),
    Rule(STORAGE, "properties.minimumTlsVersion", _is("TLS1_2"), "TLS 1.2 at least"),
    Rule(STORAGE, "properties.supportsHttpsTrafficOnly", _is(True), "storage speaks HTTPS only"),
    Rule(BUS, "properties.disableLocalAuth", _is(True), "the bus is opened by identities only"),
    Rule(BUS, "properties.minimumTlsVersion", _is("1.2"), "TLS 1.2 at least"),
    Rule(VAULT, "properties.enableRbacAuthorization", _is(True), "rights on the vault are roles"),
    Rule(VAULT, "properties.enablePurgeProtection", _is(True), "a deleted secret can be had back"),
    Rule(STORE, "properties.authConfig.passwordAuth", _is("Disabled"), "the store has no passwords"),
    Rule(
        STORE,
        "properties.authConfig.activeDirectoryAuth",
        _is("Enabled"),
        "the store is opened by identities",
    ),
    Rule(
        STORE, "properties.backup.backupRetentionDays", lambda days: days >= 7, "a week of backups at least"
    ),
    Rule(SITE, "properties.httpsOnly", _is(True), "the app speaks HTTPS only"),
    Rule(SITE, "properties.siteConfig.minTlsVersion", _is("1.2"), "TLS 1.2 at least"),
    Rule(SITE, "properties.siteConfig.ftpsState", _is("Disabled"), "nobody deploys by FTP"),
    Rule(SITE, "properties.siteConfig.remoteDebuggingEnabled", _is(False), "nobody debugs from afar"),
    Rule(SITE, "identity.type", _is("UserAssigned"), "the app is who its identity is"),
    Rule(
        SITE,
        "properties.functionAppConfig.deployment.storage.authentication.type",
        _is("UserAssignedIdentity"),
        "the package is read by the identity",
    ),
    Rule(
        f"{SITE}/basicPublishingCredentialsPolicies",
        "properties.allow",
        _is(False),
        "nobody deploys by a password",
    ),
    Rule(
        "Microsoft.Insights/components",
        "properties.DisableLocalAuth",
        _is(True),
        "telemetry is written by identities",
    ),
    Rule(
        "Microsoft.OperationalInsights/workspaces",
        "properties.features.disableLocalAuth",
        _is(True),
        "logs are written by identities",
    ),
    Rule(
        f"{BUS}/topics/subscriptions",
        "properties.forwardDeadLetteredMessagesTo",
        _is("dead-letters"),
        "operators watch one queue",
    ),
    Rule(
        f"{BUS}/topics/subscriptions",
        "properties.deadLetteringOnMessageExpiration",
        _is(True),
        "no message goes unseen",
    ),
    Rule(
        f"{BUS}/topics",
        "properties.requiresDuplicateDetection",
        _is(True),
        "a message that is sent twice is one",
    ),
)

GRANTED: Mapping[str, str] = {
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher: writes telemetry",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User: reads secrets",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer: people who set secrets",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner: the host's locks, and the package",
    "090c5cfd-751d-490a-894a-3ce6f1109419": "Service Bus Data Owner, on the topic: sees what waits, to scale",
    "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39": "Service Bus Data Sender, on the queue",
}
"""Every role that anybody is given. Another is refused until it stands here with what it is for."""

BARE = frozenset({"Microsoft.Resources/resourceGroups", ROLES})
"""Types that are judged without tags: the first is judged by its own, the other takes none."""


def faults(deployment: Deployment) -> Iterator[Fault]:
    made = [each for each in deployment.made if not each.existing]
    for each in made:
        yield from _rule_faults(each)
        yield from _tag_faults(each)
        if each.type == ROLES:
            yield from _role_faults(each)
    yield from _network_faults(deployment)


def at(body: Any, path: str) -> Any:
    """The value at a path; None where there is none."""
    for step in path.split("."):
        body = body.get(step) if isinstance(body, Mapping) else None
    return body


def _rule_faults(made: Made) -> Iterator[Fault]:
    for rule in RULES:
        if rule.type == made.type:
            found = at(made.body, rule.path)
            if found is None or not rule.holds(found):
                yield Fault(made.at, f"{rule.why}: {rule.path} of {made.name!r} is {found!r}")


def _tag_faults(made: Made) -> Iterator[Fault]:
    kind = types.kind(made.type, made.name.rpartition("/")[2])
    takes = kind is not None and "tags" in types.properties(kind.model)
    inside = made.type.count("/") > 1 and made.type != "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
    if takes and not inside and not made.body.get("tags"):
        yield Fault(made.at, f"whoever pays sees what it is for: {made.name!r} has no tags")


def _role_faults(made: Made) -> Iterator[Fault]:
    role = str(at(made.body, "properties.roleDefinitionId")).rpartition("/")[2]
    if role not in GRANTED:
        yield Fault(made.at, f"rights are few: role {role} is not one that infra/check/policies.py explains")
    if made.scope is None:
        yield Fault(made.at, "rights are few: a role is given on one thing, not on the whole group")


def _network_faults(deployment: Deployment) -> Iterator[Fault]:
    """Where the app has a network of its own, everything that can refuse others does."""
    if not deployment.of("Microsoft.Network/virtualNetworks"):
        return
    for type_, path, wanted in (
        (STORAGE, NET, "Deny"),
        (VAULT, NET, "Deny"),
        (STORE, "properties.network.publicNetworkAccess", "Disabled"),
    ):
        for made in deployment.of(type_):
            if at(made.body, path) != wanted:
                yield Fault(
                    made.at, f"only the app's network is let in: {path} of {made.name!r} is not {wanted}"
                )
