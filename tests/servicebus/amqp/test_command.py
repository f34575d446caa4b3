"""The command, as a process of its own: what it prints, what it refuses, what it keeps."""

import json
import signal
import socket
import ssl
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.management import ServiceBusAdministrationClient
from typer.testing import CliRunner

from local.__main__ import made
from local.servicebus.amqp.codec.frames import AMQP_HEADER

COMMAND = [sys.executable, "-m", "local", "servicebus", "--port", "0", "--admin-port", "0"]
CONFIG = {
    "UserConfig": {
        "Namespaces": [
            {"Name": "sbemulatorns", "Queues": [{"Name": "orders", "Properties": {}}], "Topics": []}
        ],
        "Logging": {"Type": "Console"},
    }
}


@contextmanager
def started(folder: Path, *options: str):
    """The process, and what it wrote before it printed its last line."""
    ready = folder / "ready.json"
    command = [*COMMAND, "--data", str(folder / "data"), "--ready-file", str(ready), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            printed = iter(process.stdout.readline, "")
            assert any(line.startswith("Certificate") for line in printed)
            yield process, json.loads(ready.read_text())
        finally:
            process.kill()


def send(told, text):
    with (
        ServiceBusClient.from_connection_string(told["servicebus"]) as client,
        client.get_queue_sender("orders") as sender,
    ):
        sender.send_messages(ServiceBusMessage(text))


def receive(told):
    with (
        ServiceBusClient.from_connection_string(told["servicebus"]) as client,
        client.get_queue_receiver("orders", keep_alive=0) as receiver,
    ):
        [found] = receiver.receive_messages(1, max_wait_time=5)
        receiver.complete_message(found)
        return str(found)


def test_entities_come_from_a_file_and_messages_outlive_the_process(tmp_path):
    config = tmp_path / "Config.json"
    config.write_text(json.dumps(CONFIG))
    with started(tmp_path, "--config", str(config)) as (process, told):
        send(told, "kept")
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    with started(tmp_path) as (process, told):
        assert told["pid"] == process.pid
        assert receive(told) == "kept"
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0


def test_administration_and_tls_show_the_certificate_that_is_named(tmp_path):
    with started(tmp_path, "--tls-port", "0", "--access-key", "mine") as (_, told):
        assert "SharedAccessKey=mine;" in told["servicebus"]
        with ServiceBusAdministrationClient.from_connection_string(
            told["servicebus_admin"], connection_verify=told["cert"]
        ) as admin:
            admin.create_queue("orders")
            assert admin.get_queue_runtime_properties("orders").total_message_count == 0
        trusting = ssl.create_default_context(cafile=told["cert"])
        with (
            socket.create_connection(("127.0.0.1", told["tls_port"])) as plain,
            trusting.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            secured.sendall(AMQP_HEADER)
            assert secured.recv(8) == AMQP_HEADER


def refused(*options):
    found = CliRunner().invoke(
        made(["servicebus"]), ["servicebus", "--port", "0", "--admin-port", "0", *options]
    )
    return found.exit_code, found.output


def test_a_wrong_key_in_the_file_is_named_with_its_path(tmp_path):
    config = tmp_path / "Config.json"
    config.write_text(json.dumps(CONFIG).replace("Queues", "Ques"))
    code, said = refused("--config", str(config), "--data", str(tmp_path))
    assert code == 1
    assert "UserConfig.Namespaces[0].Ques" in said


def test_a_certificate_without_its_key_is_refused(tmp_path):
    certificate = tmp_path / "cert.pem"
    certificate.touch()
    code, said = refused("--cert", str(certificate))
    assert code == 2
    assert "belong together" in said


def test_a_port_that_is_taken_is_said(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = refused("--port", str(port), "--data", str(tmp_path))
    assert code == 1
    assert "in use" in said


def test_what_was_acknowledged_survives_a_sudden_death():
    """In a process of its own: the client leaves a socket open when its broker dies."""
    killing = [sys.executable, "-m", "benchmarks.bus", "--kill", "--messages", "4000"]
    found = subprocess.run(killing, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "2,000 acknowledged" in found.stdout
