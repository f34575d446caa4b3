import asyncio
import json

import pytest

from tests.host.conftest import KEYS

pytestmark = pytest.mark.anyio

ECHO = """
    import json

    @app.route(route="orders/{id:int}", methods=["GET", "POST"], auth_level="anonymous")
    async def order(req: func.HttpRequest) -> func.HttpResponse:
        told = dict(method=req.method, url=req.url, params=dict(req.params), route=dict(req.route_params),
                    header=req.headers.get("X-Some"), body=req.get_body().decode())
        return func.HttpResponse(json.dumps(told), mimetype="application/json", status_code=201)
"""


async def test_a_function_gets_the_request_as_it_was_sent(serve):
    async with serve(ECHO) as served:
        answer = await served.http.post(
            "/api/orders/7?a=1&b=x%20y&a=2", content="höllo", headers={"x-some": "thing"}
        )
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "method": "POST",
        "url": f"{served.http.base_url}/api/orders/7?a=1&b=x%20y&a=2",
        "params": {"a": "1,2", "b": "x y"},
        "route": {"id": "7"},
        "header": "thing",
        "body": "höllo",
    }


@pytest.mark.parametrize(
    "method,path", [("GET", "/api/orders/x"), ("GET", "/orders/7"), ("PUT", "/api/orders/7")]
)
async def test_an_address_or_method_that_no_function_names_is_not_found(serve, method, path):
    async with serve(ECHO) as served:
        assert (await served.http.request(method, path)).status_code == 404


async def test_the_prefix_of_routes_is_that_of_host_json(serve):
    host_json = '{"version": "2.0", "extensions": {"http": {"routePrefix": ""}}}'
    async with serve(ECHO, host_json) as served:
        assert (await served.http.get("/orders/7")).status_code == 201


LEVELS = """
    @app.route(route="open", auth_level="anonymous")
    async def opened(req: func.HttpRequest) -> str:
        return "in"

    @app.route(route="function")
    async def by_default(req: func.HttpRequest) -> str:
        return "in"

    @app.route(route="admin-only", auth_level="admin")
    async def master(req: func.HttpRequest) -> str:
        return "in"
"""


@pytest.mark.parametrize(
    "path,key,status",
    [
        ("open", None, 200),
        ("function", None, 401),
        ("function", "wrong", 401),
        ("function", "wröng", 401),
        ("function", KEYS.function, 200),
        ("function", KEYS.admin, 200),
        ("admin-only", KEYS.function, 401),
        ("admin-only", KEYS.admin, 200),
    ],
)
async def test_a_function_wants_the_key_of_its_level_in_the_header_or_in_the_address(
    serve, path, key, status
):
    async with serve(LEVELS) as served:
        by_header = await served.http.get(f"/api/{path}", headers={"x-functions-key": (key or "").encode()})
        by_address = await served.http.get(f"/api/{path}", params={"code": key} if key else {})
    assert (by_header.status_code, by_address.status_code) == (status, status)


async def test_an_exception_is_a_500_without_a_word_about_it(serve):
    app = """
        @app.route(route="broken", auth_level="anonymous")
        def broken(req: func.HttpRequest) -> str:
            raise ValueError("jane@example.com")
    """
    async with serve(app) as served:
        answer = await served.http.get("/api/broken")
    assert (answer.status_code, answer.content) == (500, b"")


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_the_limit_is_refused_whatever_length_it_states(serve, chunked):
    async def pieces():
        for _ in range(11):
            yield b"x" * 100

    async with serve(ECHO, largest_body=1000) as served:
        content = pieces() if chunked else b"x" * 1001
        assert (await served.http.post("/api/orders/1", content=content)).status_code == 413


@pytest.mark.parametrize(
    "value,status,body,kind",
    [
        ("'text'", 200, "text", "text/plain; charset=utf-8"),
        ("None", 204, "", None),
        ("func.HttpResponse('a', headers={'x-a': 'b'})", 200, "a", "text/plain; charset=utf-8"),
        ("func.HttpResponse(b'a', headers={'Content-Type': 'image/png'})", 200, "a", "image/png"),
        ("object()", 500, "", None),
    ],
)
async def test_a_function_answers_with_text_a_response_or_nothing(serve, value, status, body, kind):
    app = f"""
        @app.route(route="it", auth_level="anonymous")
        def it(req: func.HttpRequest):
            return {value}
    """
    async with serve(app) as served:
        answer = await served.http.get("/api/it")
    assert (answer.status_code, answer.text, answer.headers.get("content-type")) == (status, body, kind)


async def test_every_cookie_of_a_response_arrives(serve):
    app = """
        @app.route(route="it", auth_level="anonymous")
        def it(req: func.HttpRequest):
            response = func.HttpResponse("a")
            response.headers.add("Set-Cookie", "a=1")
            response.headers.add("Set-Cookie", "b=2")
            return response
    """
    async with serve(app) as served:
        answer = await served.http.get("/api/it")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


async def test_a_literal_segment_wins_over_a_parameter_whatever_the_order_of_the_functions(serve):
    app = """
        @app.route(route="{*rest}", auth_level="anonymous")
        async def rest(req: func.HttpRequest) -> str:
            return "rest " + req.route_params.get("rest", "-")

        @app.route(route="a/{name}", auth_level="anonymous")
        async def named(req: func.HttpRequest) -> str:
            return "named " + req.route_params["name"]

        @app.route(route="a/b", auth_level="anonymous")
        async def literal(req: func.HttpRequest) -> str:
            return "literal"

        @app.route(route="c/{when?}", auth_level="anonymous")
        async def optional(req: func.HttpRequest) -> str:
            return "optional " + req.route_params.get("when", "-")
    """
    asked = ["a/b", "a/x", "a/x/y", "c", "c/now", "z"]
    async with serve(app) as served:
        answers = [(await served.http.get(f"/api/{path}")).text for path in asked]
    assert answers == ["literal", "named x", "rest a/x/y", "optional -", "optional now", "rest z"]


async def test_functions_of_a_blueprint_are_served_and_async_ones_share_the_loop(serve):
    app = """
        rooms = func.Blueprint()
        met = asyncio.Event()

        @rooms.route(route="wait", auth_level="anonymous")
        async def wait(req: func.HttpRequest) -> str:
            await met.wait()
            return "met"

        @rooms.route(route="meet", auth_level="anonymous")
        async def meet(req: func.HttpRequest) -> str:
            met.set()
            return "set"

        app.register_functions(rooms)
    """
    async with serve(app) as served:
        waiting, meeting = await asyncio.gather(served.http.get("/api/wait"), served.http.get("/api/meet"))
    assert (waiting.text, meeting.text) == ("met", "set")


async def test_def_functions_run_side_by_side_in_threads(serve):
    app = """
        import threading
        both = threading.Barrier(2)

        @app.route(route="meet", auth_level="anonymous")
        def meet(req: func.HttpRequest) -> str:
            both.wait(timeout=10)
            return "met"
    """
    async with serve(app) as served:
        answers = await asyncio.gather(*(served.http.get("/api/meet") for _ in range(2)))
    assert [answer.text for answer in answers] == ["met", "met"]


async def test_a_context_tells_the_function_who_it_is_and_goes_on_with_the_callers_trace(serve):
    app = """
        import json

        @app.route(route="who", auth_level="anonymous")
        def who(req: func.HttpRequest, context: func.Context) -> str:
            trace = context.trace_context
            told = [context.function_name, context.invocation_id, trace.trace_parent, trace.trace_state]
            return json.dumps(told)
    """
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with serve(app) as served:
        answer = await served.http.get("/api/who", headers={"traceparent": parent, "tracestate": "a=b"})
    name, invocation, trace_parent, state = json.loads(answer.text)
    assert (name, len(invocation), state) == ("who", 36, "a=b")
    assert trace_parent.split("-")[1] == "0af7651916cd43dd8448eb211c80319c"
    assert trace_parent != parent


async def test_a_function_that_takes_longer_than_the_timeout_of_host_json_is_a_500(serve):
    app = """
        @app.route(route="slow", auth_level="anonymous")
        async def slow(req: func.HttpRequest) -> str:
            await asyncio.Event().wait()
    """
    async with serve(app, '{"version": "2.0", "functionTimeout": "00:00:00.05"}') as served:
        assert (await served.http.get("/api/slow")).status_code == 500


async def test_whom_the_host_heard_stands_behind_what_a_caller_says_of_itself(serve):
    """As the cloud's front end does it; an app may go by the last one alone."""
    app = """
        @app.route(route="who", auth_level="anonymous")
        async def who(req: func.HttpRequest) -> str:
            return req.headers["X-Forwarded-For"]
    """
    async with serve(app) as served:
        alone = await served.http.get("/api/who")
        lying = await served.http.get("/api/who", headers={"X-Forwarded-For": "203.0.113.7"})
    assert alone.text.startswith("127.0.0.1:")
    assert lying.text.startswith("203.0.113.7,127.0.0.1:")
