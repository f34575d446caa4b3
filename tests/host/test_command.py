"""The host as a process: what it prints, how it is told to stop, how it refuses."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

PROJECT = Path(__file__).parents[2]
ADMIN = {"x-functions-key": "local-admin-key"}


def host_of(folder, *options, port="0"):
    return subprocess.Popen(
        [sys.executable, "-m", "local", "host", "--port", port, "--app", str(folder), *options],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )


@pytest.fixture
def started(write_app, tmp_path):
    """A host that is ready: the process, its url, and what it has printed so far."""
    processes = []

    def start(body, host_json='{"version": "2.0"}', *options):
        ready = tmp_path / "ready.json"
        process = host_of(write_app(body, host_json), "--ready-file", str(ready), *options)
        processes.append(process)
        printed = ""
        while "is ready" not in printed:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            printed += line
        process.stdout.readline()  # the blank line below
        return process, printed

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def ended(process, number=signal.SIGTERM):
    """Exit code, and what it printed since; one that does not end is killed, as its exit code tells."""
    process.send_signal(number)
    watchdog = threading.Timer(20, process.kill)
    watchdog.start()
    out, errors = process.stdout.read(), process.stderr.read()
    watchdog.cancel()
    return process.wait(), out, errors


def url_of(printed):
    return next(word for word in printed.split() if word.startswith("http://") and word.count("/") == 2)


APP = """
    @app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer")
    def yearly(timer: func.TimerRequest) -> None:
        raise ValueError("jane@example.com")

    @app.route(route="orders/{id}", methods=["GET"], auth_level="anonymous")
    def order(req: func.HttpRequest) -> str:
        return "order"

    async def shutdown() -> None:
        print("closed", flush=True)
"""


def test_it_prints_its_functions_with_triggers_and_addresses_and_serves_them(started, tmp_path):
    process, printed = started(APP)
    url = url_of(printed)
    assert [line.split() for line in printed.splitlines()[:3]] == [
        ["function", "trigger", "at"],
        ["yearly", "timer", "0", "0", "0", "1", "1", "*"],
        ["order", "http", "GET", "(anonymous)", f"{url}/api/orders/{{id}}"],
    ]
    assert httpx.get(f"{url}/api/orders/7").text == "order"
    assert json.loads((tmp_path / "ready.json").read_text()) == {"url": url, "pid": process.pid}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well_after_the_apps_shutdown(started, number):
    process, _ = started(APP)
    assert ended(process, number) == (0, "closed\n", "")


def test_each_invocation_is_one_line_that_holds_no_values(started):
    process, printed = started(APP)
    httpx.post(f"{url_of(printed)}/admin/functions/yearly", headers=ADMIN)
    line = process.stdout.readline()
    assert "Function.yearly: failed action=invoked function=yearly reason=request invocation=" in line
    assert line.rstrip().endswith("error=ValueError at=function_app.py:8")
    assert ended(process) == (0, "closed\n", "")


def test_the_error_in_full_is_there_for_who_asks_for_it_in_host_json(started):
    host_json = '{"version": "2.0", "logging": {"logLevel": {"Function.yearly": "Debug"}}}'
    process, printed = started(APP, host_json)
    httpx.post(f"{url_of(printed)}/admin/functions/yearly", headers=ADMIN)
    assert "ValueError: jane@example.com" in ended(process)[1]


def test_levels_of_host_json_silence_a_category(started):
    host_json = '{"version": "2.0", "logging": {"logLevel": {"default": "None", "Function": "None"}}}'
    process, printed = started(APP, host_json)
    httpx.get(f"{url_of(printed)}/api/orders/1")
    assert ended(process)[1] == "closed\n"


def test_a_def_function_that_never_ends_does_not_keep_the_process(started):
    app = """
        import threading

        @app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer", run_on_startup=True)
        def forever(timer: func.TimerRequest) -> None:
            print("entered", flush=True)
            threading.Event().wait()
    """
    process, printed = started(app, '{"version": "2.0"}', "--grace", "0.1")
    while "entered" not in printed:
        printed += process.stdout.readline()
    assert ended(process)[0] == 0


def test_a_bad_app_ends_it_with_every_problem_and_exit_code_2(write_app):
    body = """
        @app.timer_trigger(schedule="never", arg_name="timer")
        def tick(timer: func.TimerRequest) -> None: ...

        @app.route(route="admin")
        def it(req: func.HttpRequest) -> str: ...
    """
    process = host_of(write_app(body))
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert [line.split(":")[:2] for line in errors.splitlines()] == [
        ["cannot start", " function 'tick'"],
        ["cannot start", " function 'it'"],
    ]
