"""Who may do what at the desk, and what browsers are told to refuse."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from desks import Office, Visitor, office

import postgresql
from distributor.desk.api import OPERATIONS
from distributor.desk.operations import Operation
from distributor.ledger import people
from distributor.ledger.ledger import Ledger
from distributor.ledger.people import ROLES

EVERY = [pytest.param(op, id=f"{op.method} {op.path}") for op in OPERATIONS]
CHANGES = [pytest.param(op, id=f"{op.method} {op.path}") for op in OPERATIONS if op.method != "GET"]
HOLD = "/articles/1/hold"


def path_of(op: Operation) -> str:
    return re.sub(r"\{\w+\}", "1", op.path)


async def is_problem(visitor: Visitor, method: str, path: str, status: int, **more: Any) -> dict[str, Any]:
    """RFC 9457: the status twice, and what is wrong in words."""
    answer = await visitor.call(method, path, **more)
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json
    assert (told["type"], told["status"]) == ("about:blank", status)
    assert told["title"]
    guarded(answer.headers)
    return told


def guarded(headers: Any) -> None:
    """All that a browser is told."""
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("page", ["/desk/", "/desk/members", "/desk/figures", "/desk/trail", "/desk/people",
                                  "/desk/me", "/desk/articles/1", "/desk/login"])  # fmt: skip
async def test_pages_are_guarded_and_bring_nothing_of_others(desk: Office, page: str) -> None:
    await desk.wire.bring("g1")
    answer = await (await desk.person("ada")).ask("GET", page)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    guarded(answer.headers)
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", answer.text)  # the policy would refuse it
    assert not re.search(r"<[^>]+ (style|on\w+)=", answer.text)
    assert not re.findall(r'(?:src|href)="(https?:)?//', answer.text)


@pytest.mark.parametrize(
    "page", ["/desk/articles/77", "/desk/people", "/desk/?before=x", "/desk/trail?before=٣"]
)
async def test_pages_that_cannot_be_are_guarded_too(desk: Office, page: str) -> None:
    answer = await (await desk.person("vic")).ask("GET", page)
    assert answer.status in (400, 403, 404)
    guarded(answer.headers)


async def test_the_document_and_what_is_done_are_guarded(desk: Office) -> None:
    visitor = await desk.person("eve")
    for path in ("/openapi.json", "/me", "/articles"):
        guarded((await visitor.call("GET", path)).headers)


async def test_a_preview_can_do_nothing(desk: Office) -> None:
    body = "<p>It met.</p><script>alert(1)</script><img src='https://tracker.example/x.gif'>"
    await desk.wire.bring("g1", body=body)
    answer = await (await desk.person("vic")).ask("GET", "/desk/articles/1/preview?language=en&format=html")
    policy = answer.headers["Content-Security-Policy"]
    assert answer.status == 200
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script" not in policy
    assert "http" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("op", EVERY)
async def test_nobody_does_what_is_above_them(desk: Office, op: Operation) -> None:
    """Before anything of it is looked at; as a person and as a machine."""
    below = [role for role in ROLES if ROLES.index(role) < ROLES.index(op.role)]
    names = {"viewer": "vic", "editor": "eve"}
    for role in below:
        for visitor in (await desk.machine(role), await desk.person(names[role])):
            told = await is_problem(visitor, op.method, path_of(op), 403)
            assert f"this is for {op.role}s" in told["detail"]


@pytest.mark.parametrize("op", CHANGES)
async def test_a_viewer_changes_nothing_but_their_password(desk: Office, op: Operation) -> None:
    assert (op.role == "viewer") == (op.path == "/me/password")


@pytest.mark.parametrize("op", CHANGES)
async def test_nothing_is_done_that_another_site_asked_for(desk: Office, op: Operation) -> None:
    """Its browser sends the cookie; our page's token it has not."""
    await desk.wire.bring("g1")
    admin, other = await desk.person("ada"), await desk.person("eve")
    ours, before = admin.headers.pop("X-CSRF-Token"), await desk.ledger.pulse()
    tokens = ["", "x", ours[:-1], ours.upper(), other.headers["X-CSRF-Token"], "é", admin.cookie("wire")]
    for token in tokens:
        told = await is_problem(admin, op.method, path_of(op), 403, X_CSRF_Token=token)
        assert "X-CSRF-Token" in told["detail"]
    for told in (
        "Basic YWRhOngK",
        "Bearer wrong",
        "Bearer",
    ):  # as a browser sends by itself to a proxy's realm
        await is_problem(admin, op.method, path_of(op), 403, Authorization=told)
    assert await desk.ledger.pulse() == before


async def test_our_own_page_is_done_as_it_asks(desk: Office) -> None:
    await desk.wire.bring("g1")
    editor = await desk.person("eve")
    assert await editor.did(HOLD, {}) == {"deliveries": 1}
    assert len(editor.headers["X-CSRF-Token"]) == 64


async def test_the_token_of_a_page_ends_with_its_session(desk: Office) -> None:
    first, second = await desk.person("eve"), await desk.person("eve")
    assert first.headers["X-CSRF-Token"] != second.headers["X-CSRF-Token"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_machine_is_known_by_its_token(either: Office, scheme: str) -> None:
    machine = await either.machine("editor", "carrier")
    token = machine.headers.pop("Authorization").removeprefix("Bearer ")
    answer = await machine.call("GET", "/me", Authorization=f"{scheme} {token}")
    assert (answer.status, answer.json) == (200, {"name": "token carrier", "role": "editor"})


@pytest.mark.parametrize(
    "told", ["Bearer", "Bearer ", "Bearer wire_made-up", "Token {0}", "{0}", "Bearer {0}x"]
)
async def test_a_token_that_is_none_lets_nobody_in(desk: Office, told: str) -> None:
    machine = await desk.machine("admin")
    token = machine.headers.pop("Authorization").removeprefix("Bearer ")
    await is_problem(machine, "GET", "/me", 401, Authorization=told.format(token))


async def test_a_token_is_no_way_into_the_pages(desk: Office) -> None:
    assert (await (await desk.machine("admin")).ask("GET", "/desk/")).status == 303


async def test_a_token_that_is_removed_lets_nobody_in(desk: Office) -> None:
    machine, admin = await desk.machine("viewer", "carrier"), await desk.person("ada")
    assert (await machine.call("GET", "/me")).status == 200
    await admin.did("/tokens/carrier", method="DELETE")
    await is_problem(machine, "GET", "/me", 401)


async def test_when_a_token_was_used_is_known_but_not_written_each_time(desk: Office) -> None:
    machine = await desk.machine("viewer", "carrier")
    assert (await desk.ledger.read(people.tokens))[0]["used"] is None
    await machine.got("/me")
    first = (await desk.ledger.read(people.tokens))[0]["used"]
    assert first == desk.now()
    desk.now.forward(minutes=4)
    await machine.got("/me")
    assert (await desk.ledger.read(people.tokens))[0]["used"] == first
    desk.now.forward(minutes=2)
    await machine.got("/me")
    assert (await desk.ledger.read(people.tokens))[0]["used"] == desk.now()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"{", 422),
        (b"[]", 422),
        (b"null", 422),
        (b"{}x", 422),
        (b'{"reason": 1}', 422),
        (b'{"reason": "a\\u0000b"}', 422),
        (b'{"reason": "\\ud800"}', 422),
        (b'{"reason": "\xff"}', 422),
        (b'{"reason": "r", "why": "w"}', 422),
        (b'{"reason": "' + b"x" * 501 + b'"}', 422),
        (b"[" * 100_000, 422),
        (b'{"reason": "' + b"x" * 2**20 + b'"}', 413),
    ],
)
async def test_what_does_not_fit_is_said_and_not_done(desk: Office, data: bytes, status: int) -> None:
    await desk.wire.bring("g1")
    answer = await (await desk.person("eve")).ask("POST", f"/api/v1{HOLD}", data=data)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    guarded(answer.headers)
    assert len(answer.body) < 2000
    assert await desk.wire.state_of("agency/folder") == "pending"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/articles/x", 422),
        ("/articles/0", 422),
        ("/articles/-1", 422),
        ("/articles/9007199254740993", 422),
        ("/articles/9007199254740992", 404),
        ("/articles/1/renditions/!", 422),
        ("/articles/1/renditions/xx", 404),
        ("/articles?limit=0", 422),
        ("/articles?limit=1000", 422),
        ("/articles?state=lost", 422),
        ("/articles?nothing=1", 422),
        ("/articles?words=%00", 422),
        ("/deliveries?since=1", 422),
        ("/figures?hours=99999", 422),
    ],
)
async def test_questions_that_make_no_sense_are_problems(either: Office, path: str, status: int) -> None:
    await is_problem(await either.machine("viewer"), "GET", path, status)


async def test_without_its_ledger_the_desk_says_so(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The database stops under it; when it is back, so is the desk."""
    with postgresql.restartable(tmp_path_factory.mktemp("away")) as server:
        async with Ledger(await postgresql.empty(server.address)) as ledger, office(tmp_path, ledger) as desk:
            machine, person = await desk.machine("editor"), await desk.person("eve")
            stranger = await desk.stranger()
            server.stop()
            for method, path in (("GET", "/articles"), ("POST", HOLD)):
                for visitor in (machine, person):
                    answer = await visitor.call(method, path)
                    assert answer.headers["Retry-After"] == "5"
                    told = await is_problem(visitor, method, path, 503)
                    assert "127.0.0.1" not in str(told)
            for asked in (person.ask("GET", "/desk/"), stranger.log_in("eve")):
                page = await asked
                assert (page.status, page.headers["Retry-After"]) == (503, "5")
                guarded(page.headers)
            server.start()
            assert (await person.got("/me"))["name"] == "eve"


async def test_what_there_is_not_is_not_found_and_another_method_not_allowed(desk: Office) -> None:
    machine = await desk.machine("admin")
    assert (await machine.call("GET", "/nothing")).status == 404
    refused = await machine.call("DELETE", "/articles")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET,HEAD")
