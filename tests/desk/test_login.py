"""Into the desk and out of it."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import quote, unquote

import desks
import pytest
from desks import PASSWORD, Office, Visitor, office
from sqlalchemy import Connection, func, select

from distributor.events import Events
from distributor.ledger import people
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import session
from distributor.service import opened

ME = "/api/v1/me"


async def is_in(visitor: Visitor) -> bool:
    answer = await visitor.ask("GET", ME)
    assert answer.status in (200, 401)
    return answer.status == 200


async def sessions(ledger: Ledger) -> int:
    def count(db: Connection) -> int:
        return db.execute(select(func.count()).select_from(session)).scalar_one()

    return await ledger.read(count)


async def test_the_right_password_lets_in_and_logging_out_out(either: Office) -> None:
    visitor = await either.stranger()
    assert not await is_in(visitor)
    answer = await visitor.log_in("eve")
    assert (answer.status, answer.headers["Location"]) == (303, "/desk/")
    assert await is_in(visitor)
    assert (await visitor.ask("GET", "/desk/")).status == 200
    out = await visitor.ask("POST", "/desk/logout")
    assert (out.status, out.headers["Location"]) == (303, "/desk/login")
    assert not await is_in(visitor)
    assert await sessions(either.ledger) == 0


async def test_a_wrong_password_and_a_wrong_name_are_told_the_same(desk: Office) -> None:
    visitor = await desk.stranger()
    wrong = await visitor.log_in("eve", "ten research front")
    unknown = await visitor.log_in("nobody", PASSWORD)
    odd = await visitor.log_in("e\x00ve", PASSWORD + "\x00x")
    assert wrong.status == unknown.status == odd.status == 403
    assert wrong.body == unknown.body == odd.body
    assert not wrong.cookies
    assert not await is_in(visitor)


async def test_who_has_no_name_takes_as_long(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the work that is done, not by a clock: a hash is verified for each of them."""
    looked: list[bool] = []

    async def right(_: str, secret: str | None) -> bool:
        looked.append(secret is not None)
        return False

    monkeypatch.setattr("distributor.desk.passwords.right", right)
    for name in ("eve", "nobody"):
        await (await desk.stranger()).log_in(name)
    assert looked == [True, False]


@pytest.mark.parametrize(
    "body", [b"", b"name=eve", b"\xff\xfe=%ff&name=%ED%B2%80", b"&" * 999, b'{"name":1}']
)
@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded; charset=utf-7", "multipart/form-data", "application/json", "x"],
)
async def test_what_is_no_form_is_a_wrong_password(desk: Office, body: bytes, kind: str) -> None:
    answer = await (await desk.stranger()).ask("POST", "/desk/login", data=body, Content_Type=kind)
    assert answer.status == 403
    assert "not the password" in answer.text


async def test_a_form_that_is_too_large_is_not_read(desk: Office) -> None:
    answer = await (await desk.stranger()).ask("POST", "/desk/login", data=b"name=" + b"e" * 2**20)
    assert answer.status == 413
    assert answer.headers["Content-Security-Policy"]


async def wrong(desk: Office, times: int, *names: str, **headers: str) -> list[int]:
    visitor = await desk.stranger()
    return [(await visitor.log_in(name, "wrong", **headers)).status for name in names for _ in range(times)]


async def test_who_is_wrong_again_and_again_waits_longer_and_longer(either: Office) -> None:
    desk = either
    assert await wrong(desk, 5, "eve", X_Forwarded_For="192.0.2.1") == [403] * 5
    visitor = await desk.stranger()
    refused = await visitor.log_in("EVE", X_Forwarded_For="192.0.2.2")
    assert (refused.status, refused.headers["Retry-After"]) == (429, "2")
    desk.now.forward(seconds=1)
    assert await wrong(desk, 1, "eve", X_Forwarded_For="192.0.2.3") == [403]
    assert (await visitor.log_in("eve", X_Forwarded_For="192.0.2.4")).headers["Retry-After"] == "3"
    desk.now.forward(seconds=2)
    assert (await visitor.log_in("eve", X_Forwarded_For="192.0.2.4")).status == 303
    assert await wrong(desk, 4, "eve", X_Forwarded_For="192.0.2.5") == [403] * 4  # all is forgotten


async def test_nobody_waits_longer_than_a_quarter_of_an_hour(desk: Office) -> None:
    for _ in range(people.FREE + 20):
        while wait := await desk.ledger.write(people.tries, ["name eve"], desk.now()):
            desk.now.time += wait
    refused = await (await desk.stranger()).log_in("eve")
    assert (refused.status, refused.headers["Retry-After"]) == (429, "901")


async def test_an_address_that_guesses_names_waits_and_others_do_not(desk: Office) -> None:
    names = [f"name{n}" for n in range(5)]
    assert await wrong(desk, 1, *names, X_Forwarded_For="192.0.2.9") == [403] * 5
    visitor = await desk.stranger()
    assert (await visitor.log_in("eve", X_Forwarded_For="192.0.2.1, 192.0.2.9")).status == 429
    assert (await visitor.log_in("eve", X_Forwarded_For="192.0.2.9, 192.0.2.1")).status == 303


@pytest.mark.parametrize(
    ("peer", "told", "address"),
    [
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.7", ["192.0.2.1, 192.0.2.2", "192.0.2.3,192.0.2.4"], "192.0.2.4"),
        ("8.8.8.8", ["192.0.2.1"], "8.8.8.8"),
        ("nonsense", ["192.0.2.1"], "nonsense"),
    ],
)
def test_only_a_proxy_of_ours_is_believed(peer: str, told: list[str], address: str) -> None:
    """Else whoever guesses would name another address each time."""
    from aiohttp.test_utils import make_mocked_request
    from multidict import CIMultiDict

    from distributor.desk import login

    headers = CIMultiDict([("X-Forwarded-For", value) for value in told])
    request = make_mocked_request("POST", "/desk/login", headers).clone(remote=peer)
    assert login._address(request) == address


async def test_guesses_that_are_sent_at_once_are_counted_too(desk: Office) -> None:
    visitor = await desk.stranger()
    answers = await asyncio.gather(*(visitor.log_in("eve", f"guess number {n}") for n in range(12)))
    assert sorted(a.status for a in answers) == [403] * people.FREE + [429] * (12 - people.FREE)


async def test_the_cookie_is_for_this_site_and_no_script(desk: Office) -> None:
    (told,) = (await (await desk.stranger()).log_in("eve")).cookies
    cookie = SimpleCookie(told)["wire"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (
        True,
        "Lax",
        "/",
        "",
    )
    assert int(cookie["max-age"]) == people.LONGEST.total_seconds()
    assert not cookie["secure"]
    assert len(cookie.value) >= 43


async def test_behind_https_the_cookie_never_leaves_it(tmp_path: Path, storage: str) -> None:
    async with Ledger(storage) as ledger, office(tmp_path, ledger, "https://desk.example") as desk:
        visitor = await desk.stranger()
        (told,) = (await visitor.log_in("eve")).cookies
        cookie = SimpleCookie(told)["__Host-wire"]
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
        assert (await visitor.ask("GET", ME, Cookie=f"__Host-wire={cookie.value}")).status == 200
        assert (await visitor.ask("GET", ME, Cookie=f"wire={cookie.value}")).status == 401
        (gone,) = (await visitor.ask("POST", "/desk/logout", Cookie=f"__Host-wire={cookie.value}")).cookies
        assert SimpleCookie(gone)["__Host-wire"]["secure"]


async def test_the_ledger_does_not_know_the_session(desk: Office) -> None:
    visitor = await desk.stranger()
    await visitor.log_in("eve")
    files = b"".join(path.read_bytes() for path in desk.folder.glob("ledger.db*"))
    assert visitor.cookie("wire").encode() not in files
    assert PASSWORD.encode() not in files


async def test_a_session_that_nobody_uses_ends(desk: Office) -> None:
    visitor = await desk.person("eve")
    for _ in range(3):
        desk.now.forward(hours=11)
        assert await is_in(visitor)
    desk.now.forward(hours=12, seconds=1)
    assert not await is_in(visitor)


async def test_a_session_ends_after_the_longest_time_used_or_not(desk: Office) -> None:
    visitor, begun = await desk.person("eve"), desk.now()
    while desk.now() + timedelta(hours=10) < begun + people.LONGEST:
        desk.now.forward(hours=10)
        assert await is_in(visitor)
    desk.now.forward(hours=10, seconds=1)
    assert not await is_in(visitor)
    await desk.ledger.write(people.open_session, "ada", desk.now())
    assert await sessions(desk.ledger) == 1  # what has run out was cleared away


async def test_the_use_of_a_session_is_not_written_each_time(desk: Office) -> None:
    visitor = await desk.person("eve")
    before = await desk.ledger.pulse()
    assert await is_in(visitor)
    assert await desk.ledger.pulse() == before
    desk.now.forward(minutes=6)
    assert await is_in(visitor)
    assert await desk.ledger.pulse() != before


async def test_another_password_ends_all_sessions(desk: Office) -> None:
    here, there = await desk.person("eve"), await desk.person("eve")
    other = await desk.person("vic")
    assert await here.refused("/me/password", {"old": "wrong password", "new": "a much better one"}) == (
        400, "that is not the old password",
    )  # fmt: skip
    await here.did("/me/password", {"old": PASSWORD, "new": "a much better one"})
    assert [await is_in(v) for v in (here, there, other)] == [False, False, True]
    assert (await here.log_in("eve")).status == 403
    assert (await here.log_in("eve", "a much better one")).status == 303


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/users/eve", None),
        ("PATCH", "/users/eve", {"role": "viewer"}),
        ("PATCH", "/users/eve", {"password": "a much better one"}),
    ],
)
async def test_who_is_removed_or_changed_is_out(desk: Office, method: str, path: str, body: object) -> None:
    visitor, admin = await desk.person("eve"), await desk.person("ada")
    await admin.did(path, body, method)
    assert [await is_in(visitor), await is_in(admin)] == [False, True]


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example/",
        "https://evil.example/desk/",
        "/\\evil.example",
        "/desk/\\evil",
        "\\/evil",
        "/desk/\r\nX: y",
        "/desk/\x00",
        "javascript:alert(1)",
        "/deskevil",
        "",
        "desk/",
    ],
)
async def test_nobody_is_sent_elsewhere(desk: Office, to: str) -> None:
    visitor = await desk.stranger()
    form = await visitor.ask("GET", f"/desk/login?to={quote(to)}")
    assert 'name="to" value="/desk/"' in form.text
    answer = await visitor.log_in("eve", to=to)
    assert (answer.status, answer.headers["Location"]) == (303, "/desk/")


@pytest.mark.parametrize(
    "path", ["/desk/members", "/desk/articles/1?language=ru&format=html", "/desk/?words=气候"]
)
async def test_one_comes_back_to_where_one_was(desk: Office, path: str) -> None:
    visitor = await desk.stranger()
    asked = await visitor.ask("GET", path)
    assert asked.status == 303
    form = await visitor.ask("GET", asked.headers["Location"])
    found = re.search(r'name="to" value="([^"]*)"', form.text)
    assert found
    to = found[1].replace("&amp;", "&")
    assert (await visitor.log_in("eve", to=to)).headers["Location"] == to
    assert unquote(to) == path


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"Sec_Fetch_Site": "cross-site"}, False),
        ({"Sec_Fetch_Site": "same-site"}, False),
        ({"Sec_Fetch_Site": "cross-site", "Origin": "BASE"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({"Sec_Fetch_Site": "none"}, True),
        ({"Origin": "BASE"}, True),
        ({}, True),
    ],
)
async def test_a_form_on_another_site_logs_nobody_in_or_out(
    desk: Office, headers: dict[str, str], ours: bool
) -> None:
    told = {name: value.replace("BASE", desk.base) for name, value in headers.items()}
    visitor = await desk.stranger()
    assert (await visitor.log_in("eve", **told)).status == (303 if ours else 403)
    inside = await desk.person("eve")
    cookie = f"wire={inside.cookie('wire')}"
    await inside.ask("POST", "/desk/logout", **told)
    assert (await inside.ask("GET", ME, Cookie=cookie)).status == (401 if ours else 200)


OPEN = {
    ("GET", "/"): "to the wire, which asks who it is",
    ("GET", "/desk"): "the same",
    ("GET", "/desk/login"): "to log in",
    ("POST", "/desk/login"): "to log in",
    ("POST", "/desk/logout"): "to log out, which is done already",
    ("GET", "/desk/static/{name}"): "files that everybody may have",
    ("GET", "/members/{token}"): "a private address is a password",
    ("GET", "/members/{token}/items"): "the same",
    ("GET", "/members/{token}/{language}.{kind}"): "the same",
    ("POST", "/hub"): "for who knows such an address",
}
"""What asks for no login, and why."""


async def test_all_else_asks_who_it_is(tmp_path: Path, storage: str) -> None:
    """Each route of the service as it is wired, so that a new one cannot be forgotten."""
    async with opened(desks.config(tmp_path, storage), Events()) as service:
        assert service.web
        routes = [(r.method, re.sub(r":[^{}]*(\{[\d,]+\})?\}", "}", r.path)) for r in service.web.routes]
    assert set(routes) >= OPEN.keys()
    async with Ledger(storage) as ledger, office(tmp_path, ledger) as desk:
        visitor = await desk.stranger()
        for method, path in routes:
            if (method, path) not in OPEN:
                await _asks(visitor, method, re.sub(r"\{\w+\}", "1", path))


async def _asks(visitor: Visitor, method: str, path: str) -> None:
    for cookie in ("", "wire=", "wire=made-up", "__Host-wire=made-up", "wire=%00", 'wire="\\303"'):
        answer = await visitor.ask(method, path, **({"Cookie": cookie} if cookie else {}))
        if path.startswith("/api/"):
            assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="wire"'), path
        else:
            assert answer.status == 303, path
            assert answer.headers["Location"] == f"/desk/login?to={path}"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/desk"])
async def test_the_short_addresses_lead_to_the_wire(desk: Office, path: str) -> None:
    answer = await (await desk.stranger()).ask("GET", path)
    assert (answer.status, answer.headers["Location"], answer.body) == (303, "/desk/", b"")


async def test_the_login_page_and_its_files_are_for_everybody(desk: Office) -> None:
    visitor = await desk.stranger()
    page = await visitor.ask("GET", "/desk/login")
    files = re.findall(r'(?:src|href)="(/desk/static/[^"]+)"', page.text)
    assert len(files) >= 2
    for path in files:
        answer = await visitor.ask("GET", path)
        assert (answer.status, answer.headers["X-Content-Type-Options"]) == (200, "nosniff")
        assert "immutable" in answer.headers["Cache-Control"]
    for name in ("desk.css.", "no.css", "nothing", "..%2fapp.py", "..."):
        assert (await visitor.ask("GET", f"/desk/static/{name}")).status == 404
