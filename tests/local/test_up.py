"""The whole cloud on a desk, with real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import time
from datetime import UTC, datetime
from io import StringIO
from threading import Event

import httpx
import pytest
from rich.console import Console

from local.systems.erp.database import Erp
from local.systems.sample import make_sample
from local.up.child import StartFailed
from local.up.directory import BadDirectory, Directory
from local.up.options import Content, Options
from local.up.ports import USUAL, PortTaken
from local.up.run import run
from local.up.surroundings import NotSimulated
from tests.local.running import PROJECT, SHORT, lives, local, once, running, started, until
from tests.push.doors import signed

SETTLED = ("created", "updated", "unchanged", "deactivated", "dead_lettered", "parked")
FLOWS = (("account", "Account"), ("contact", "Contact"), ("lead", "Lead"))


def counts_of(report, target="lms"):
    return {each["entity"]: each for each in report["flows"] if each["to"] == target}


def test_a_run_says_what_became_of_every_record_and_a_second_run_does_nothing(tmp_path):
    ended, first = once("--records", 150, "--customers", 80, "--seed", 3, data=tmp_path / "cloud")
    summary = make_sample(150, 3, datetime.now(UTC)).summary()
    flows = counts_of(first)
    assert first["converged"]
    for entity, name in FLOWS:
        learnt = counts_of(first, "salesforce")["learner"]["created"] if entity == "lead" else 0
        assert flows[entity]["read"] in (summary["records"][name], summary["records"][name] + learnt)
        assert flows[entity]["read"] == sum(flows[entity][each] for each in SETTLED)
        assert flows[entity]["parked"] == 0
    letters = sum(flow["dead_lettered"] for flow in flows.values())
    assert letters == sum(summary["defects"].values()) <= sum(first["dead_letters"].values())
    held = summary["existing"]["companies"]
    assert (flows["account"]["updated"], flows["account"]["unchanged"]) == (
        held["different"],
        held["identical"],
    )
    assert "dead-lettered" in ended.stdout
    assert not (tmp_path / "cloud" / "endpoints.json").exists()
    every_quote_that_was_won_is_an_order_in_the_erp_and_its_invoice_is_back_and_paid(first, tmp_path)
    everybody_who_learns_is_one_person_in_salesforce_and_employees_are_none(first)

    _, second = once("--records", 999, data=tmp_path / "cloud")
    numbers = [value for flow in second["flows"] for value in flow.values() if isinstance(value, int)]
    assert (second["converged"], set(numbers), second["dead_letters"]) == (True, {0}, {})


def every_quote_that_was_won_is_an_order_in_the_erp_and_its_invoice_is_back_and_paid(report, tmp_path):
    to_erp, to_crm = counts_of(report, "erp"), counts_of(report, "crm")
    erp = Erp(f"sqlite:///{tmp_path / 'cloud' / 'systems' / 'erp.sqlite'}")
    won, sold = len(erp.rows("orders")), len(erp.rows("order_lines"))
    assert won == to_erp["order"]["created"] == len(erp.rows("payments")) > 0
    assert sold == to_erp["order_line"]["created"] >= won
    assert (to_crm["invoice"]["created"], to_crm["invoice"]["updated"]) == (won, won), "open, and then paid"
    assert to_crm["price_list_item"]["created"] >= 40
    assert all(row["paid_on"] for row in erp.rows("invoices"))
    erp.close()


def everybody_who_learns_is_one_person_in_salesforce_and_employees_are_none(report):
    sample, done = make_sample(150, 3, datetime.now(UTC)), counts_of(report, "salesforce")
    customers = {row["id"] for row in sample.lms["learners"] if row["audience"] != "staff"}
    people = {row["email"].lower() for row in sample.lms["learners"] if row["id"] in customers}
    known = {row["Email"] for row in sample.salesforce["Contact"]}
    assert done["learner"]["created"] == len(people - known) < len(people) < len(customers)
    for entity, resource in (("training_purchase", "purchases"), ("course_result", "results")):
        theirs = [row for row in sample.lms[resource] if row["learner_id"] in customers]
        assert done[entity]["created"] == len(theirs) > 0
        assert done[entity]["dead_lettered"] == done[entity]["parked"] == 0


def test_a_cloud_that_stays_up_brings_changes_over_survives_kills_and_leaves_nothing_behind(tmp_path):
    """One story, for a cloud's start costs seconds and each step leaves it as it found it."""
    with running("--records", 60, "--customers", 60, data=tmp_path / "cloud") as cloud:
        until(lambda: len(cloud.linked("companies")) > 5, cloud.process)
        addresses_are_for_the_owner_alone(cloud)
        a_second_cloud_on_the_same_directory_is_refused(cloud)
        a_change_in_salesforce_shows_up_in_the_lms_within_seconds(cloud)
        every_system_has_a_door_that_opens_to_whoever_proves_itself(cloud)
        a_link_logs_a_user_of_the_crm_in_once(cloud)
        every_system_with_an_api_pushes_to_its_door_and_is_heard(cloud)
        a_quote_that_somebody_wins_is_followed_to_its_money(cloud)
        somebody_who_registers_is_followed_from_lead_to_contact(cloud)
        killed_processes_come_back_where_they_were_and_no_change_is_lost_or_doubled(cloud)
        sigterm_ends_every_process_and_is_no_failure(cloud)


def addresses_are_for_the_owner_alone(cloud):
    assert stat.S_IMODE((cloud.data / "endpoints.json").stat().st_mode) == 0o600
    assert set(cloud.endpoints["processes"]) == {"host", "servicebus", "systems"}


def a_second_cloud_on_the_same_directory_is_refused(cloud):
    with pytest.raises(BadDirectory, match=f"is in use by another local cloud .process {cloud.process.pid}"):
        start(cloud.data)


def a_change_in_salesforce_shows_up_in_the_lms_within_seconds(cloud):
    ended = local("touch", "--data", cloud.data)
    assert ended.returncode == 0, ended.stderr
    seconds = float(ended.stdout.partition("the LMS shows it ")[2].partition(" s ")[0])
    assert seconds < 30


def every_system_has_a_door_that_opens_to_whoever_proves_itself(cloud):
    kind = {"Content-Type": "application/cloudevents-batch+json"}
    for system, door in cloud.endpoints["push"].items():
        proof = signed(b"[]", "msg_1", time.time(), door["secret"]) if system == "lms" else {}
        key = {"code": door["secret"]} if door["scheme"] == "key" else {}
        known = httpx.post(door["url"], params=key, headers={**proof, **kind}, content=b"[]")
        stranger = httpx.post(door["url"], headers=kind, content=b"[]")
        assert (known.status_code, stranger.status_code) == (202, 401), system


def a_link_logs_a_user_of_the_crm_in_once(cloud):
    ended = local("launch", "--data", cloud.data, "--course", "safety-1")
    assert ended.returncode == 0, ended.stderr
    with httpx.Client() as browser:
        url = ended.stdout.splitlines()[-1]
        first = browser.get(url, follow_redirects=True)
        assert (first.status_code, "dana@crm.example" in first.text) == (200, True)
        assert browser.get(url).status_code == 401
    assert httpx.get(cloud.endpoints["launch"]["lms"]["url"]).status_code == 401
    assert "eyJ" not in "".join(log.read_text() for log in (cloud.data / "logs").glob("*.log"))


def every_system_with_an_api_pushes_to_its_door_and_is_heard(cloud):
    """Once the first run is through; another change, then, is pushed as well as polled."""
    until(lambda: all(each["url"] for each in cloud.pushes().values()), cloud.process)
    doors = {name: door["url"] for name, door in cloud.endpoints["push"].items() if name != "erp"}
    assert {name: each["url"] for name, each in cloud.pushes().items()} == doors
    assert local("touch", "--data", cloud.data).returncode == 0
    until(lambda: all(cloud.pushes()[name]["heard"] for name in ("salesforce", "lms")), cloud.process)


def a_quote_that_somebody_wins_is_followed_to_its_money(cloud):
    until(lambda: cloud.work() == [], cloud.process)
    ended = local("win", "--data", cloud.data)
    assert ended.returncode == 0, ended.stderr
    assert re.search(
        r"the ERP has it .*, RELEASED.*the CRM has invoice .*it is paid", ended.stdout, re.DOTALL
    )
    again = local("win", "--data", cloud.data)
    assert (again.returncode, again.stderr.partition(":")[0]) == (1, "no quote waits for a customer")


def somebody_who_registers_is_followed_from_lead_to_contact(cloud):
    ended = local("learn", "--data", cloud.data)
    assert ended.returncode == 0, ended.stderr
    assert re.search(
        r"Salesforce has lead 00Q.*is contact 003.*Course_Result.*Training_Pur", ended.stdout, re.DOTALL
    )


def killed_processes_come_back_where_they_were_and_no_change_is_lost_or_doubled(cloud):
    before = cloud.endpoints
    numbers = [f"KILL-{number}" for number in range(600)]
    with cloud.salesforce() as salesforce:
        for part, victim in enumerate(("host", "servicebus", "systems")):
            some = numbers[part * 200 :][:200]
            salesforce.create(
                "Account", [{"Name": f"Company {each}", "AccountNumber": each} for each in some]
            )
            cloud.kill(victim)
    arrived = until(lambda: cloud.all_there("companies", numbers), cloud.process)
    assert sorted(arrived) == sorted(numbers)
    assert {**cloud.endpoints, "processes": 0} == {**before, "processes": 0}
    assert all(each["url"] for each in cloud.pushes().values())


def sigterm_ends_every_process_and_is_no_failure(cloud):
    pids = list(cloud.pids().values())
    cloud.process.send_signal(signal.SIGTERM)
    cloud.process.communicate(timeout=60)
    assert cloud.process.returncode == 0
    assert not any(map(lives, pids))
    assert not (cloud.data / "endpoints.json").exists()


def test_processes_end_when_the_one_that_started_them_is_killed(tmp_path):
    with started("--records", 0, "--customers", 0, data=tmp_path / "cloud") as process:
        ready = [tmp_path / "cloud" / "ready" / f"{name}.json" for name in ("systems", "servicebus")]
        until(lambda: all(file.exists() for file in ready), process)
        children = until(lambda: len(found := children_of(process.pid)) == 3 and found, process)
        process.kill()
        process.communicate()
        until(lambda: not any(map(lives, children)))


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as children:  # noqa: PTH123 - the kernel's file
        return [int(each) for each in children.read().split()]


def test_a_run_that_does_not_settle_says_what_still_waits(tmp_path):
    said, report = StringIO(), tmp_path / "report.json"
    console, slow = Console(file=said, width=200), {**SHORT, "CROSSWALK_PARENT_WAIT": "600"}
    content = Content(300, 1, customers=0)  # one of its contacts is of an account that the LMS refuses
    assert not run(
        options(tmp_path / "cloud", content, report=report, patience=8), env(slow), console, Event()
    )
    assert json.loads(report.read_text())["converged"] is False
    assert "It has not settled" in said.getvalue()
    assert re.search(r"the Service Bus, (lms|scheduled): \d+ messages", said.getvalue())


# What is refused


def env(more):
    return {**os.environ, **more}


def options(data, content, *, report=None, patience=60.0, **more):
    chosen = {"topology": PROJECT / "topology.yaml", "ports": dict.fromkeys(USUAL, 0), "fresh": False, **more}
    return Options(
        directory=Directory(data), content=content, once=True, report=report, patience=patience, **chosen
    )


def start(data, *, accounts=None, **more):
    return run(options(data, Content(0, 1, accounts), **more), env(SHORT), Console(quiet=True), Event())


def test_a_wrong_topology_is_refused_with_file_line_and_what_to_write(tmp_path):
    wrong = tmp_path / "topology.yaml"
    wrong.write_text(
        "systems:\n  salesforce: {kind: salesforce}\n  lms: {kind: lms}\n"
        "entities:\n  account: {key: [number]}\n"
        "flows:\n  - {entity: account, from: salesforce, to: lms, delete: vanish}\n"
    )
    ended = local("up", "--topology", wrong, "--data", tmp_path / "cloud")
    assert ended.returncode == 2
    assert ended.stderr.startswith("topology.yaml:7: ")
    assert "propagate" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_system_that_nobody_simulates_is_refused(tmp_path):
    topology = tmp_path / "topology.yaml"
    topology.write_text(
        "systems:\n  one: {kind: lms}\n  two: {kind: lms}\nentities:\n  account: {key: [number]}\n"
        "flows:\n  - {entity: account, from: one, to: two}\n"
    )
    with pytest.raises(NotSimulated, match=r"systems\.two: the local cloud has one lms, which is 'one'"):
        start(tmp_path / "cloud", topology=topology)


def test_a_report_that_is_not_there_is_refused_with_its_path_and_nothing_is_left_running(tmp_path):
    missing, before = tmp_path / "nowhere.csv", children_of(os.getpid())
    with pytest.raises(StartFailed, match=f"{missing}: cannot be read"):
        start(tmp_path / "cloud", accounts=missing)
    assert children_of(os.getpid()) == before


def test_a_port_that_is_taken_is_refused_by_its_option(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} is taken .--servicebus-admin-port."):
            start(tmp_path / "cloud", ports={**dict.fromkeys(USUAL, 0), "servicebus_admin": port})


def test_fresh_deletes_nothing_that_is_not_ours(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "mine.txt").write_text("mine")
    with pytest.raises(BadDirectory, match="has 'logs', and was not made by this command"):
        start(tmp_path, fresh=True)
    assert (tmp_path / "logs" / "mine.txt").read_text() == "mine"
