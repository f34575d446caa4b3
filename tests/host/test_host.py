import asyncio

import pytest

from tests.host.conftest import KEYS

pytestmark = pytest.mark.anyio

MASTER = {"x-functions-key": KEYS.admin}
NEVER_BY_ITSELF = """
    ran = asyncio.Event()

    @app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer")
    async def yearly(timer: func.TimerRequest) -> None:
        seen.append(timer.past_due)
        ran.set()

    @app.route(route="ran", auth_level="anonymous")
    async def wait(req: func.HttpRequest) -> str:
        await ran.wait()
        return "ran"
"""


async def test_a_timer_function_can_be_run_by_hand(serve):
    async with serve(NEVER_BY_ITSELF) as served:
        assert (await served.http.post("/admin/functions/yearly", headers=MASTER, json={})).status_code == 202
        assert (await served.http.get("/api/ran")).text == "ran"
    assert served.seen == [False]


@pytest.mark.parametrize("name,status", [("nobody", 404), ("wait", 400)])
async def test_only_a_timer_function_can_be_run_by_hand(serve, name, status):
    async with serve(NEVER_BY_ITSELF) as served:
        assert (await served.http.post(f"/admin/functions/{name}", headers=MASTER)).status_code == status


@pytest.mark.parametrize("path", ["/admin/host/status", "/admin/functions"])
async def test_the_hosts_own_addresses_want_the_master_key(serve, path):
    async with serve(NEVER_BY_ITSELF) as served:
        without = await served.http.get(path)
        other = await served.http.get(path, headers={"x-functions-key": KEYS.function})
        master = await served.http.get(path, headers=MASTER)
    assert (without.status_code, other.status_code, master.status_code) == (401, 401, 200)


async def test_the_host_tells_its_state_and_its_functions(serve):
    async with serve(NEVER_BY_ITSELF) as served:
        status = (await served.http.get("/admin/host/status", headers=MASTER)).json()
        functions = (await served.http.get("/admin/functions", headers=MASTER)).json()
    assert status["state"] == "Running"
    assert [function["name"] for function in functions] == ["yearly", "wait"]
    assert functions[0]["config"]["bindings"][0]["schedule"] == "0 0 0 1 1 *"


SEAMS = """
    @app.route(route="slow", auth_level="anonymous")
    async def slow(req: func.HttpRequest) -> str:
        seen.append("entered")
        entered.set()
        await go_on.wait()
        seen.append("ended")
        return "done"

    @app.route(route="entered", auth_level="anonymous")
    async def wait(req: func.HttpRequest) -> str:
        await entered.wait()
        return "entered"

    entered, go_on = asyncio.Event(), asyncio.Event()

    async def startup() -> None:
        seen.extend(["startup", go_on])

    async def shutdown() -> None:
        seen.append("shutdown")
"""


async def test_the_apps_seams_are_awaited_before_the_first_and_after_the_last_invocation(serve):
    async with serve(SEAMS) as served:
        asked = asyncio.create_task(served.http.get("/api/slow"))
        await served.http.get("/api/entered")
        served.stop.set()
        served.seen.pop(1).set()
        assert (await asked).text == "done"
        await served.ended
    assert served.seen == ["startup", "entered", "ended", "shutdown"]


async def test_work_that_outlives_the_grace_is_cut_off(serve):
    app = """
        @app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer", run_on_startup=True)
        async def forever(timer: func.TimerRequest) -> None:
            entered.set()
            try:
                await asyncio.Event().wait()
            finally:
                seen.append("cut off")

        entered = asyncio.Event()

        @app.route(route="entered", auth_level="anonymous")
        async def wait(req: func.HttpRequest) -> str:
            await entered.wait()
            return "entered"
    """
    async with serve(app, grace=0.05) as served:
        await served.http.get("/api/entered")
    assert served.seen == ["cut off"]


async def test_settings_are_put_into_schedules_and_entities(serve):
    app = """
        @app.timer_trigger(schedule="%WHEN%", arg_name="timer")
        async def tick(timer: func.TimerRequest) -> None:
            seen.append(timer.schedule_status["Next"][11:19])
            ran.set()

        ran = asyncio.Event()

        @app.route(route="ran", auth_level="anonymous")
        async def wait(req: func.HttpRequest) -> str:
            await ran.wait()
            return "ran"
    """
    async with serve(app, settings={"WHEN": "7 8 9 * * *"}) as served:
        await served.http.post("/admin/functions/tick", headers=MASTER)
        await served.http.get("/api/ran")
    assert served.seen == ["09:08:07"]
