"""What is refused at start: each with the function's name and what to write instead."""

import socket

import pytest
from starlette.applications import Starlette

from local.host.errors import BadApp
from local.host.host import Plan
from local.host.log import set_levels
from local.host.server import Server
from local.host.settings import Settings
from tests.host.conftest import CONNECTION, HEAD


@pytest.fixture
def refused(write_app):
    def problems(body, host_json='{"version": "2.0"}', *, head=HEAD, settings=None):
        folder = write_app(body, host_json, head=head)
        with pytest.raises(BadApp) as bad:
            Plan.read(folder, Settings({"SERVICEBUS": CONNECTION} if settings is None else settings))
        return bad.value.problems

    return problems


TIMER = (
    '@app.timer_trigger(schedule="{}", arg_name="timer")\ndef tick(timer: func.TimerRequest) -> None: ...\n'
)
QUEUE = '@app.service_bus_queue_trigger(arg_name="m", queue_name="q", connection="SERVICEBUS"{})\n'
ROUTE = '@app.route(route="{}")\ndef {}(req: func.HttpRequest) -> str: ...\n'


@pytest.mark.parametrize(
    "body,problem",
    [
        (
            TIMER.format("*/5 * * * *"),
            "function 'tick': the schedule '*/5 * * * *' lacks the seconds; write '0 */5 * * * *'",
        ),
        (
            TIMER.format("%WHEN%"),
            (
                "function 'tick': the setting 'WHEN' (named in its schedule) is missing; set the "
                "environment variable WHEN"
            ),
        ),
        (
            QUEUE.format("")
            + '@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:01")\n'
            "def take(m: func.ServiceBusMessage) -> None: ...",
            (
                "function 'take': @retry is not supported with this trigger; "
                "remove it, the flow retries record by record"
            ),
        ),
        (
            QUEUE.format(', cardinality="many"') + "def take(m: list[func.ServiceBusMessage]) -> None: ...",
            (
                "function 'take': the cloud cannot index "
                "list[azure.functions._servicebus.ServiceBusMessage] for its "
                "parameter 'm'; write typing.List[func.ServiceBusMessage]"
            ),
        ),
        (
            QUEUE.format(', cardinality="many"') + "def take(m: func.ServiceBusMessage) -> None: ...",
            (
                "function 'take': its parameter 'm' is annotated <class "
                "'azure.functions._servicebus.ServiceBusMessage'>; "
                "write typing.List[func.ServiceBusMessage]"
            ),
        ),
        (
            QUEUE.format("") + "def take(m: typing.List[func.ServiceBusMessage]) -> None: ...",
            (
                "function 'take': its parameter 'm' is annotated "
                "typing.List[azure.functions._servicebus.ServiceBusMessage]; write func.ServiceBusMessage"
            ),
        ),
        (
            QUEUE.format(", is_sessions_enabled=True") + "def take(m: func.ServiceBusMessage) -> None: ...",
            "function 'take': this host serves no sessions; leave is_sessions_enabled out",
        ),
        (
            QUEUE.format("") + "def take(m: func.ServiceBusMessage, receiver) -> None: ...",
            (
                "function 'take': no binding names its parameter 'receiver'; "
                "remove it (a context is called 'context')"
            ),
        ),
        (
            QUEUE.format("") + "def take(message: func.ServiceBusMessage) -> None: ...",
            "function 'take': it has no parameter 'm' for its trigger; add it, or name it in arg_name",
        ),
        (
            QUEUE.format("") + "def take(m: func.ServiceBusMessage, context: str) -> None: ...",
            "function 'take': its parameter 'context' takes a func.Context; annotate it so",
        ),
        (
            QUEUE.format("") + "def take(m: 'Nothing') -> None: ...",
            (
                "function 'take': its annotations cannot be read (name 'Nothing' is not defined); "
                "import that name outside of TYPE_CHECKING"
            ),
        ),
        (
            '@app.blob_trigger(arg_name="m", path="t", connection="C")\ndef take(m) -> None: ...',
            "function 'take': this host has no blobTrigger; it serves HTTP, timer and Service Bus triggers",
        ),
        (
            QUEUE.format("")
            + '@app.service_bus_queue_output(arg_name="out", queue_name="t", connection="SERVICEBUS")\n'
            "def take(m: func.ServiceBusMessage, out: func.Out[str]) -> None: ...",
            (
                "function 'take': the binding 'out' (serviceBus) is not served here; "
                "do its work in the function's body, through an adapter"
            ),
        ),
        (
            ROUTE.format("admin/things", "it"),
            (
                "function 'it': the route 'admin/things' starts with 'admin', which is the host's own; "
                "choose another"
            ),
        ),
        (
            ROUTE.format("Runtime", "it"),
            (
                "function 'it': the route 'Runtime' starts with 'Runtime', which is the host's own; choose "
                "another"
            ),
        ),
        (
            ROUTE.format("a/{b:regex(x)}", "it"),
            (
                "function 'it': the route 'a/{b:regex(x)}' has a segment '{b:regex(x)}' that this host "
                "does not know; "
                "write {name}, {name?}, {*name} or {name:kind} where kind is int, long, guid, float or double"
            ),
        ),
        (
            ROUTE.format("{*a}/b", "it"),
            (
                "function 'it': the route '{*a}/b' goes on after an optional or catch-all segment; put "
                "that one last"
            ),
        ),
        (
            "def shutdown(): ...\n" + ROUTE.format("a", "it"),
            "function_app.py: shutdown is not a coroutine function; write 'async def shutdown() -> None'",
        ),
        ("", "function_app.py has no functions; decorate one, or call app.register_functions(blueprint)"),
        (
            "app2 = func.FunctionApp()",
            "function_app.py has 2 FunctionApps; keep one, and register blueprints on it",
        ),
    ],
)
def test_a_bad_app_is_refused_with_the_functions_name_and_what_to_write(refused, body, problem):
    assert refused(body) == (problem,)


def test_all_that_is_wrong_is_told_at_once(refused):
    body = TIMER.format("x") + ROUTE.format("admin", "it")
    assert [problem.split(":")[0] for problem in refused(body)] == ["function 'tick'", "function 'it'"]


def test_two_functions_may_share_a_route_only_with_methods_of_their_own(refused, write_app):
    both = """
        @app.route(route="a/{{x}}", methods={})
        def one(req: func.HttpRequest) -> str: ...

        @app.route(route="A/{{y}}", methods={})
        def two(req: func.HttpRequest) -> str: ...
    """
    assert refused(both.format(["GET"], ["GET", "POST"])) == (
        "function 'one': another function answers 'a/{x}' too; change the route or the methods",
        "function 'two': another function answers 'A/{y}' too; change the route or the methods",
    )
    assert len(Plan.read(write_app(both.format(["GET"], ["POST"])), Settings({})).functions) == 2


@pytest.mark.parametrize(
    "settings,problem",
    [
        (
            {},
            (
                "function 'take': the setting 'SERVICEBUS' (a Service Bus connection string) is missing; "
                "set the environment variable SERVICEBUS"
            ),
        ),
        ({"SERVICEBUS": "nonsense"}, "function 'take': the setting 'SERVICEBUS' is no connection string"),
    ],
)
def test_a_service_bus_trigger_wants_a_connection_string_in_the_setting_it_names(refused, settings, problem):
    problems = refused(
        QUEUE.format("") + "def take(m: func.ServiceBusMessage) -> None: ...", settings=settings
    )
    assert len(problems) == 1
    assert problems[0].startswith(problem)


@pytest.mark.parametrize(
    "host_json,problem",
    [
        ("{}", None),
        ("", "host.json: the file: Invalid JSON"),
        ('{"version": "1.0"}', "host.json: version: Input should be '2.0'"),
        (
            '{"functionTimeout": 5}',
            "host.json: functionTimeout: Value error, write a time span such as '00:00:30'",
        ),
        (
            '{"extensions": {"serviceBus": {"maxMessageBatchSize": 0}}}',
            (
                "host.json: extensions.serviceBus.maxMessageBatchSize: Input should be greater than or "
                "equal to 1"
            ),
        ),
        (
            '{"extensions": {"serviceBus": {"autoCompleteMessages": false}}}',
            "host.json: extensions.serviceBus.autoCompleteMessages: Input should be True",
        ),
    ],
)
def test_a_bad_host_json_is_refused_with_the_path_in_it(refused, write_app, host_json, problem):
    body = ROUTE.format("a", "it")
    if problem is None:
        assert Plan.read(write_app(body, host_json), Settings({})).batch_size().at_most == 1000
    else:
        assert refused(body, host_json)[0].startswith(problem)


def test_an_app_that_cannot_be_imported_is_refused_with_the_place(refused):
    (problem,) = refused("import nothing_of_that_name")
    assert problem.startswith("function_app.py cannot be imported: ModuleNotFoundError: No module named")
    assert problem.endswith("function_app.py, line 5)")


def test_a_folder_without_an_app_is_refused(tmp_path):
    (tmp_path / "host.json").write_text("{}")
    with pytest.raises(BadApp, match="there is no function_app"):
        Plan.read(tmp_path, Settings({}))


def test_a_folder_without_host_json_is_refused(tmp_path):
    with pytest.raises(BadApp, match="is missing in"):
        Plan.read(tmp_path, Settings({}))


def test_settings_of_the_environment_win_over_those_of_the_file(tmp_path):
    (tmp_path / "local.settings.json").write_text(
        '{"IsEncrypted": false, "Values": {"A": "file", "B": "file"}}'
    )
    settings = Settings.gather(tmp_path, {"A": "environment"})
    assert (settings.require("A", ""), settings.require("B", "")) == ("environment", "file")


@pytest.mark.parametrize(
    "text,problem",
    [("[]", "no JSON object"), ("{", "no JSON object"), ('{"Values": {"A": 1}}', "Values.A: write it as")],
)
def test_a_bad_settings_file_is_refused(tmp_path, text, problem):
    (tmp_path / "local.settings.json").write_text(text)
    with pytest.raises(BadApp, match=problem):
        Settings.gather(tmp_path, {})


def test_an_unknown_log_level_is_refused():
    with pytest.raises(BadApp, match=r"logLevel\.Host: write one of Trace, Debug, Information, Warning, "):
        set_levels({"default": "Warning", "Host": "Loud"})


def test_a_port_that_is_taken_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadApp, match="cannot be had") as bad:
            Server(Starlette(), port, grace=1.0)
    assert str(bad.value).startswith(f"port {port} of 127.0.0.1 ")
    assert str(bad.value).endswith("name another with --port")
