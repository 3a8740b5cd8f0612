"""Each operation does what it says, and the audit trail knows who did it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from desks import PASSWORD, SENTENCES, Office, Visitor

from channels.formats.kinds import FORMATS
from distributor.article import Content
from distributor.ledger import articles, memory, notices, people, tally
from distributor.ledger.articles import Entry
from ledger_wire import NOON

DOUBT = {"sentence": "It met.", "translation": "Он собрался.", "kind": "numbers", "what": "3 is missing"}
RU = "/articles/1/renditions/ru"
DISK = "/members/agency/channels/folder"
BROKEN = "/members/bureau/channels/folder"


@pytest.fixture
async def editor(desk: Office) -> Visitor:
    return await desk.person("eve")


@pytest.fixture
async def admin(desk: Office) -> Visitor:
    return await desk.person("ada")


async def last(visitor: Visitor) -> tuple[str, str, str, str]:
    """What was done last: who, what, to what, and the detail."""
    deed = (await visitor.got("/audit?limit=1"))["deeds"][0]
    return deed["who"], deed["action"], deed["subject"], deed["detail"]


async def urgency(visitor: Visitor) -> tuple[int, set[str]]:
    told = await visitor.got("/articles/1")
    return told["urgency"], {d["due"] for d in told["deliveries"] if d["state"] in ("waiting", "pending")}


# The wire


async def ids(visitor: Visitor, query: str = "") -> list[int]:
    return [a["id"] for a in (await visitor.got(f"/articles{query}"))["articles"]]


async def test_a_row_of_the_wire_says_where_it_stands(either: Office) -> None:
    visitor = await either.machine("viewer")
    await either.wire.bring("g1", url="https://weekly.example/1", categories=("Climate", "space"))
    await either.wire.translated()
    await either.deliver()
    (row,) = (await visitor.got("/articles"))["articles"]
    assert (row["id"], row["source"], row["guid"], row["head"]) == (1, "weekly", "g1", 1)
    assert (row["urgency"], row["pub_status"], row["reason"]) == (5, "usable", "")
    assert (row["headline"], row["language"], row["url"]) == ("Union opens", "en", "https://weekly.example/1")
    assert (row["published"], row["topics"]) == ("2021-12-21T12:00:00Z", ["Climate", "space"])
    assert {(one["language"], one["origin"], one["state"]) for one in row["languages"]} == {
        ("en", "original", "ready"), ("ru", "machine", "ready"),
    }  # fmt: skip
    at = "2021-12-21T12:00:03Z"
    assert row["members"] == [
        {"member": "agency", "state": "delivered", "received": at},
        {"member": "bureau", "state": "dead", "received": None},
        {"member": "space", "state": "delivered", "received": at},
    ]


async def various(desk: Office) -> None:
    """1 urgent and on its way; 2 in doubt; 3 dead; 4 held; 5 withdrawn; 6 of the other source, in French."""
    wire, editor = desk.wire, await desk.person("eve")
    await wire.bring("g3", "Report on research fronts", categories=("Climate",))
    await wire.translated()
    await desk.deliver()
    await wire.bring("g2", "Union closes")
    await wire.translated(DOUBT)
    for guid in ("g4", "g5", "g1"):
        await wire.bring(guid, "Union opens", categories=("space",))
    await wire.bring("g6", "L'Union s'ouvre à Paris", source="other", language="fr")
    by_guid = {a["guid"]: a["id"] for a in (await editor.got("/articles"))["articles"]}
    await editor.did(f"/articles/{by_guid['g4']}/hold", {"reason": "a number"})
    await editor.did(f"/articles/{by_guid['g5']}/withdraw", {"reason": "wrong"})
    await editor.did(f"/articles/{by_guid['g1']}/urgency", {"urgency": 1})


async def test_the_wire_shows_what_was_asked_for(either: Office) -> None:
    await various(either)
    visitor = await either.machine("viewer")

    async def guids(query: str) -> str:
        told = (await visitor.got(f"/articles?{query}"))["articles"]
        return "".join(a["guid"][1:] for a in told)

    wanted = {
        "": "615423",
        "state=urgent": "15",
        "state=moving": "6142",
        "state=doubt": "2",
        "state=dead": "3",
        "state=held": "4",
        "state=withdrawn": "5",
        "source=other": "6",
        "source=nowhere": "",
        "topic=space": "154",
        "topic=SPACE": "154",
        "topic=Climate": "3",
        "member=space": "154",
        "member=nobody": "",
        "language=fr": "6",
        "language=ru&source=other": "6",
        "words=union": "61542",
        "words=paris+ouvre": "6",
        "words=Союз": "23",
        "words=union&topic=space&state=held": "4",
        "words=research&source=weekly": "3",
        "words=nothing": "",
    }
    assert {query: await guids(query) for query in wanted} == wanted


async def test_pages_have_no_gap_and_nothing_twice_while_more_comes_in(either: Office) -> None:
    for n in range(23):
        await either.wire.bring(f"g{n}", categories=("space",) if n % 2 else ())
    visitor = await either.machine("viewer")
    for query in ("", "&topic=space"):
        wanted, found, following = await ids(visitor, f"?limit=200{query}"), [], 0
        while following is not None:
            page = await visitor.got(f"/articles?limit=5&before={following}{query}")
            assert 0 < len(page["articles"]) <= 5
            found += [a["id"] for a in page["articles"]]
            following = page["next"]
            await either.wire.bring(f"new{query}{len(found)}", categories=("space",))
        assert found == wanted


async def test_all_of_an_article(either: Office) -> None:
    editor = await either.person("eve")
    await either.wire.bring("g1")
    await either.wire.revise(1, "Union opens in Beijing")
    await editor.did("/articles/1/hold", {"reason": "a number"})
    told = await editor.got("/articles/1")
    assert [(v["number"], v["headline"], v["pruned"]) for v in told["versions"]] == [
        (2, "Union opens in Beijing", None), (1, "Union opens", None),
    ]  # fmt: skip
    assert {(d["channel"], d["version"], d["state"]) for d in told["deliveries"]} == {
        ("agency/folder", 1, "superseded"), ("bureau/folder", 1, "superseded"),
        ("agency/folder", 2, "waiting"), ("bureau/folder", 2, "waiting"),
    }  # fmt: skip
    assert [(d["who"], d["action"], d["detail"]) for d in told["audit"]] == [("eve", "hold", "a number")]
    assert (told["head"], told["pub_status"], told["reason"]) == (2, "withheld", "a number")
    assert await editor.refused("/articles/2", method="GET") == (
        404,
        "no article 2; see: distributor articles",
    )


async def test_why_says_who_gets_it_and_who_does_not(desk: Office, editor: Visitor) -> None:
    await desk.wire.bring("g1", categories=("Climate",))
    told = {v["member"]: v for v in (await editor.got("/articles/1/why"))["members"]}
    assert told["agency"]["gets"] == ["en over agency/folder"]
    assert (told["space"]["gets"], told["space"]["why"]) == ([], "none of its topics (space) among Climate")


# What an editor does with an article


async def test_urgent_leaves_after_the_pause(either: Office) -> None:
    editor = await either.person("eve")
    await either.wire.bring("g1")
    assert await editor.did("/articles/1/urgency", {"pause": 8}) == {"deliveries": 2}
    assert await urgency(editor) == (1, {"2021-12-21T12:00:08Z"})
    assert await either.wire.claim() == []
    assert await last(editor) == ("eve", "urgent", "article 1", "urgency 5 → 1")
    either.now.forward(seconds=9)
    assert [c.urgency for c in await either.wire.claim()] == [1]
    assert await editor.refused("/articles/1/undo") == (
        409, "article 1 is on its way: nothing is left to undo",
    )  # fmt: skip


async def test_urgent_is_taken_back_in_time(either: Office) -> None:
    editor = await either.person("eve")
    await either.wire.bring("g1")
    await editor.did("/articles/1/urgency", {"urgency": 2, "pause": 8})
    assert (await editor.got("/articles/1"))["undo_until"] == "2021-12-21T12:00:08Z"
    either.now.forward(seconds=5)
    assert await editor.did("/articles/1/undo") == {"deliveries": 0}
    assert await urgency(editor) == (5, {"2021-12-21T12:00:05Z"})
    assert (await editor.got("/articles/1"))["undo_until"] is None
    assert [c.urgency for c in await either.wire.claim()] == [5]


@pytest.mark.parametrize(
    "flag",
    [{"urgency": 0}, {"urgency": 10}, {"urgency": "1"}, {"urgency": 1.5}, {"urgency": True},
     {"pause": -1}, {"pause": 61}],
)  # fmt: skip
async def test_an_urgency_that_is_none_is_refused(editor: Visitor, flag: dict[str, Any]) -> None:
    assert (await editor.refused("/articles/1/urgency", flag))[0] == 422


async def test_what_is_held_leaves_when_it_is_released(either: Office) -> None:
    editor = await either.person("eve")
    await either.wire.bring("g1")
    assert await editor.did("/articles/1/hold", {}) == {"deliveries": 1}
    assert (await editor.got("/articles/1"))["reason"] == "held by an editor"
    assert await either.wire.claim() == []
    assert await editor.did("/articles/1/hold", {"reason": "again"}) == {"deliveries": 0}
    assert await editor.did("/articles/1/release") == {"deliveries": 1}
    assert await last(editor) == ("eve", "release", "article 1", "held by an editor")
    assert [c.lane for c in await either.wire.claim()] == ["agency/folder"]


async def test_who_has_what_is_withdrawn_is_told(either: Office) -> None:
    editor = await either.person("eve")
    await either.wire.bring("g1")
    await either.deliver()
    assert await editor.did("/articles/1/withdraw", {"reason": "a wrong number"}) == {"deliveries": 1}
    told = await editor.got("/articles/1")
    assert (told["pub_status"], told["reason"]) == ("canceled", "a wrong number")
    assert {(d["channel"], d["action"], d["state"]) for d in told["deliveries"]} == {
        ("agency/folder", "publish", "delivered"), ("agency/folder", "cancel", "pending"),
        ("bureau/folder", "publish", "canceled"),
    }  # fmt: skip
    assert await last(editor) == ("eve", "withdraw", "article 1", "a wrong number")
    assert (await editor.refused("/articles/1/release"))[0] == 404
    assert (await editor.refused("/articles/1/withdraw", {"reason": ""}))[0] == 422


async def test_an_embargo_holds_back_and_sending_now_does_not(desk: Office, editor: Visitor) -> None:
    await desk.wire.bring("g1")
    await editor.did("/articles/1/embargo", {"until": "2021-12-22T09:00:00+01:00"})
    assert (await editor.got("/articles/1"))["embargoed_until"] == "2021-12-22T08:00:00Z"
    assert await desk.wire.claim() == []
    assert (await editor.refused("/articles/1/embargo", {"until": "2021-12-22T09:00:00"}))[0] == 422
    await editor.did("/articles/1/embargo", {"until": None})
    assert len(await desk.wire.claim()) == 1


async def test_a_member_is_added_against_its_topics(desk: Office, editor: Visitor) -> None:
    await desk.wire.bring("g1")
    assert await editor.did("/articles/1/members/space", {"wanted": True}, "PUT") == {"deliveries": 1}
    assert {"space"} <= {m["member"] for m in (await editor.got("/articles/1"))["members"]}
    assert (await editor.refused("/articles/1/members/nobody", {"wanted": True}, "PUT"))[0] == 404


# Translations


async def test_a_translation_is_shown_beside_the_original(either: Office) -> None:
    visitor = await either.machine("viewer")
    await either.wire.bring("g1")
    await either.wire.translated(DOUBT)
    told = await visitor.got(RU)
    assert told["sentences"] == [list(pair) for pair in SENTENCES]
    assert (told["state"], told["origin"], told["model"], told["took_ms"]) == (
        "held",
        "machine",
        "test",
        250.0,
    )
    assert (told["doubts"], told["reason"]) == ([DOUBT], "3 is missing")
    assert (await visitor.got("/articles/1/renditions/RU"))["id"] == told["id"]  # tags are of any case
    assert (await visitor.refused("/articles/1/renditions/de", method="GET"))[0] == 404


async def mark(visitor: Visitor) -> str:
    """What the rendition is known by that the visitor looks at."""
    return str((await visitor.got(RU))["mark"])


async def test_what_nobody_read_is_not_approved(either: Office) -> None:
    eve, ada = await either.person("eve"), await either.person("ada")
    await either.wire.bring("g1")
    await either.wire.translated(DOUBT)
    seen = await mark(eve)
    await ada.did(RU + "/again", {})
    await either.wire.translated(DOUBT)
    assert (await eve.refused(RU + "/approve", {"seen": seen}))[0] == 409


async def test_a_wording_is_taken_up_and_a_second_editor_is_told(either: Office) -> None:
    eve, ada = await either.person("eve"), await either.person("ada")
    await either.wire.bring("g1")
    await either.wire.translated(DOUBT)
    edit = {
        "seen": await mark(ada),
        "sentences": [{"sentence": "It met.", "wording": "  Он собрался в 3 часа. "}],
    }
    assert await eve.did(RU + "/edit", edit) == {"correction": False}
    assert await last(eve) == ("eve", "edit", "article 1", "ru: 1 sentences")
    known = await either.ledger.read(memory.recall, "en", "ru", "any", {"It met.": ""})
    assert known["It met."].target == "Он собрался в 3 часа."
    assert (await ada.refused(RU + "/edit", edit))[0] in (404, 409)
    await either.wire.translated()
    assert await ada.refused(RU + "/edit", edit) == (
        409, "the ru text was changed meanwhile; look at it again",
    )  # fmt: skip
    assert await ada.did(RU + "/edit", edit | {"seen": await mark(ada)}) == {"correction": False}


async def test_what_has_left_is_corrected(either: Office) -> None:
    eve, ada = await either.person("eve"), await either.person("ada")
    await either.wire.bring("g1")
    await either.wire.translated()
    await either.wire.settle(await either.wire.claim())
    edit = {"seen": await mark(eve), "sentences": [{"sentence": "It met.", "wording": "Он заседал."}]}
    assert await eve.did(RU + "/edit", edit) == {"correction": True}
    told = await eve.got("/articles/1")
    assert (told["head"], [v["number"] for v in told["versions"]]) == (2, [2, 1])
    going = {(d["channel"], d["version"], d["state"]) for d in told["deliveries"]}
    assert going == {("agency/folder", 1, "delivered"), ("bureau/folder", 1, "delivered"),
                     ("bureau/folder", 2, "waiting")}  # fmt: skip
    await either.wire.translated()
    assert (await ada.refused(RU + "/edit", edit))[0] == 409  # who saw the first version did not see this


@pytest.mark.parametrize(
    "sentences",
    [[], [{"sentence": "", "wording": "x"}], [{"sentence": "x", "wording": ""}], [{"sentence": "x"}],
     [{"sentence": "x", "wording": "a\x00b"}], [{"sentence": "x", "wording": "y"}] * 501],
)  # fmt: skip
async def test_an_edit_that_says_nothing_is_refused(editor: Visitor, sentences: Any) -> None:
    assert (await editor.refused(RU + "/edit", {"seen": "1.0", "sentences": sentences}))[0] == 422


async def test_of_two_who_edit_at_once_one_is_told(either: Office) -> None:
    eve, ada = await either.person("eve"), await either.person("ada")
    await either.wire.bring("g1")
    await either.wire.translated()
    await either.wire.settle(await either.wire.claim())
    edit = {"seen": await mark(eve), "sentences": [{"sentence": "It met.", "wording": "Он заседал."}]}
    answers = await asyncio.gather(*(v.call("POST", RU + "/edit", edit) for v in (eve, ada, eve, ada)))
    statuses = sorted(a.status for a in answers)
    assert statuses[0] == 200
    assert set(statuses[1:]) <= {404, 409}
    assert (await eve.got("/articles/1"))["head"] == 2


async def test_what_is_approved_goes(either: Office) -> None:
    editor = await either.person("eve")
    await either.wire.bring("g1")
    await either.wire.translated(DOUBT)
    assert await either.wire.state_of("bureau/folder") == "waiting"
    seen = await mark(editor)
    assert (await editor.refused(RU + "/approve", {"seen": f"{seen}0"}))[0] == 409
    assert await editor.did(RU + "/approve", {"seen": seen}) == {"deliveries": 1}
    assert await either.wire.state_of("bureau/folder") == "pending"
    assert await last(editor) == ("eve", "approve", "article 1", "ru: 3 is missing")
    assert (await editor.refused(RU + "/approve", {"seen": await mark(editor)}))[0] == 404


async def test_what_is_held_is_translated_again(either: Office) -> None:
    editor = await either.person("eve")
    await either.wire.bring("g1")
    await either.wire.translated(DOUBT)
    assert await editor.did(RU + "/again") == {}
    assert (await editor.got(RU))["state"] == "waiting"
    assert await last(editor) == ("eve", "retranslate", "article 1", "ru")
    assert (await editor.refused(RU + "/again"))[0] == 404


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("language", ["en", "ru"])
async def test_a_preview_is_as_the_member_gets_it(
    desk: Office, editor: Visitor, kind: str, language: str
) -> None:
    await desk.wire.bring("g1", "Union opens", rights="© Weekly")
    await desk.wire.translated()
    told = await editor.got(f"/articles/1/renditions/{language}/preview?format={kind}")
    assert (told["format"], told["media_type"]) == (kind, FORMATS[kind].media_type)  # type: ignore[index]
    assert ("Союз открывается" if language == "ru" else "Union opens") in told["text"]


async def test_a_preview_of_what_is_not_there(desk: Office, editor: Visitor) -> None:
    await desk.wire.bring("g1")
    status, said = await editor.refused(RU + "/preview", method="GET")
    assert (status, said) == (404, "the ru text of article 1 is not made yet")
    assert (await editor.refused("/articles/1/renditions/en/preview?format=pdf", method="GET"))[0] == 422


# Deliveries


async def test_deliveries_by_what_they_are(either: Office) -> None:
    for n in range(3):
        await either.wire.bring(f"g{n}", categories=("space",) if n else ())
    await either.wire.translated()
    await either.deliver()
    visitor = await either.machine("viewer")

    async def keys(query: str) -> list[tuple[int, str]]:
        told = (await visitor.got(f"/deliveries?{query}"))["deliveries"]
        return [(d["article"], d["channel"]) for d in told]

    assert await keys("state=dead&article=2") == [(2, "bureau/folder")]
    assert await keys("member=space") == [(3, "space/the disk"), (2, "space/the disk")]
    assert await keys("channel=space/the+disk&article=3") == [(3, "space/the disk")]
    assert await keys("state=pending") == []
    first = await visitor.got("/deliveries?limit=5")
    rest = await visitor.got(f"/deliveries?limit=5&before={first['next']}")
    assert rest["next"] is None
    found = [d["id"] for d in first["deliveries"] + rest["deliveries"]]
    assert found == list(range(8, 0, -1))


async def test_what_was_tried(either: Office) -> None:
    await either.wire.bring("g1")
    await either.wire.settle(await either.wire.claim(), "pending", failures=1, said="HTTP 503")
    await either.wire.settle(await either.wire.claim(), said="written")
    visitor = await either.machine("viewer")
    (one,) = (await visitor.got("/deliveries?state=delivered"))["deliveries"]
    told = (await visitor.got(f"/deliveries/{one['id']}/attempts"))["attempts"]
    assert [(a["number"], a["outcome"], a["answer"]) for a in told] == [
        (1, "unavailable", "HTTP 503"), (2, "delivered", "written"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "which",
    [{"ids": "DEAD"}, {"channel": "bureau/folder"}, {"article": 1}, {"since": "2021-12-21T13:00:00+01:00"},
     {"channel": "bureau/folder", "article": 1, "new_keys": True}],
)  # fmt: skip
async def test_the_dead_are_put_back(either: Office, which: dict[str, Any]) -> None:
    editor = await either.person("eve")
    await either.wire.bring("g1")
    await either.wire.translated()
    await either.deliver()
    (dead,) = (await editor.got("/deliveries?state=dead"))["deliveries"]
    told = which | ({"ids": [dead["id"]]} if "ids" in which else {})
    assert await editor.did("/deliveries/replay", told) == {"deliveries": 1}
    (back,) = (await editor.got("/deliveries?state=pending"))["deliveries"]
    assert back["id"] == dead["id"]
    assert (back["key"] == dead["key"]) == ("new_keys" not in which)
    assert (await last(editor))[:2] == ("eve", "replay")
    assert (await editor.refused("/deliveries/replay", told))[0] == 404


async def test_which_dead_has_to_be_said(desk: Office, editor: Visitor) -> None:
    assert await editor.refused("/deliveries/replay", {}) == (
        400,
        "say which: ids, channel, article or since",
    )
    assert (await editor.refused("/deliveries/replay", {"ids": [0]}))[0] == 422
    assert (await editor.refused("/deliveries/replay", {"channel": "x/y"}))[0] == 404


# Members


async def channel(visitor: Visitor, member: str) -> dict[str, Any]:
    told = {m["id"]: m for m in (await visitor.got("/members"))["members"]}
    found: dict[str, Any] = told[member]["channels"][0]
    return found


async def test_members_and_how_they_fare(either: Office) -> None:
    visitor = await either.machine("viewer")
    await either.wire.bring("g1")
    await either.wire.translated()
    await either.deliver()
    told = (await visitor.got("/members"))["members"]
    assert [(m["id"], m["name"], m["languages"], m["topics"]) for m in told] == [
        ("agency", "Agency", ["en"], ["*"]), ("bureau", "Bureau", ["ru"], ["*"]),
        ("space", "Space Weekly", ["en"], ["space"]),
    ]  # fmt: skip
    bureau = await channel(visitor, "bureau")
    assert (bureau["dead"], bureau["tried"], bureau["last"]) == (1, 1, "no such folder")
    assert (await channel(visitor, "agency"))["last_at"] == "2021-12-21T12:00:03Z"


async def test_a_channel_is_paused_and_resumed(either: Office) -> None:
    editor = await either.person("eve")
    await either.wire.bring("g1")
    assert await editor.did(DISK + "/pause", {"reason": "they move house"}) == {}
    found = await channel(editor, "agency")
    assert (found["state"], found["reason"], found["pending"]) == ("paused", "they move house", 1)
    assert await either.wire.claim() == []
    assert await last(editor) == ("eve", "pause", "channel agency/folder", "they move house")
    assert await editor.did(DISK + "/resume") == {}
    assert (await channel(editor, "agency"))["state"] == "open"
    assert len(await either.wire.claim()) == 1
    assert (await editor.refused("/members/agency/channels/none/resume"))[0] == 404


async def test_a_channel_whose_name_has_a_space_is_one_too(editor: Visitor) -> None:
    await editor.did("/members/space/channels/the%20disk/pause", {})
    assert (await channel(editor, "space"))["state"] == "paused"


async def test_a_channel_is_asked_whether_it_answers(desk: Office, editor: Visitor) -> None:
    told = await editor.did(DISK + "/check")
    assert told == {"fine": True, "said": f"{desk.folder}/out can be written"}
    assert not list(desk.folder.glob("out/*"))
    broken = await editor.did(BROKEN + "/check")
    assert broken["fine"] is False
    assert "Not a directory" in broken["said"]
    assert (await editor.refused("/members/nobody/channels/folder/check"))[0] == 404


async def test_a_test_item_says_that_it_is_one(desk: Office, editor: Visitor) -> None:
    told = await editor.did(DISK + "/test")
    assert told["fine"] is True
    (item,) = desk.folder.glob("out/test-*.json")
    assert "TEST: please ignore" in item.read_text()
    who, what, which, key = await last(editor)
    assert (who, what, which) == ("eve", "test item", "channel agency/folder")
    assert key.startswith("dlv_test_")
    broken = await editor.did(BROKEN + "/test")
    assert (broken["fine"], "Not a directory" in broken["said"]) == (False, True)
    assert (await editor.got("/deliveries"))["deliveries"] == []


# Notices, the trail, the figures


async def test_a_notice_stands_until_it_is_seen_to(either: Office) -> None:
    editor = await either.person("eve")
    await either.ledger.write(notices.raise_, "parked", "bureau/folder", "no such folder", either.now())
    (told,) = (await editor.got("/notices"))["notices"]
    assert (told["kind"], told["subject"], told["text"]) == ("parked", "bureau/folder", "no such folder")
    assert await editor.did(f"/notices/{told['id']}/close") == {}
    assert (await editor.got("/notices"))["notices"] == []
    assert (await editor.got("/notices?all=true"))["notices"][0]["over"] == "2021-12-21T12:00:00Z"
    assert await last(editor) == ("eve", "close notice", f"notice {told['id']}", "")
    assert await editor.refused(f"/notices/{told['id']}/close") == (404, f"no open notice {told['id']}")


async def test_the_trail_is_searched_and_turned_page_by_page(either: Office) -> None:
    editor, admin = await either.person("eve"), await either.person("ada")
    for n in range(1, 4):
        await either.wire.bring(f"g{n}")
        await editor.did(f"/articles/{n}/hold", {"reason": f"the number {n}0_% is wrong"})
    await admin.did("/articles/2/release")

    async def told(query: str) -> list[tuple[str, str]]:
        deeds = (await admin.got(f"/audit?{query}"))["deeds"]
        return [(d["action"], d["subject"]) for d in deeds]

    assert await told("subject=article+2") == [("release", "article 2"), ("hold", "article 2")]
    assert await told("who=ada&words=RELEASE") == [("release", "article 2")]
    assert await told("words=number+30_") == [("hold", "article 3")]
    assert await told("words=30%25") == []
    assert await told("words=_%25&who=eve&subject=article+1") == [("hold", "article 1")]
    found, following = [], 0
    while following is not None:
        page = await admin.got(f"/audit?limit=3&before={following}")
        found += [d["id"] for d in page["deeds"]]
        following = page["next"]
    assert found == list(range(len(found), 0, -1))


async def test_figures_of_what_was_delivered_and_how_fast(either: Office) -> None:
    visitor = await either.machine("viewer")
    await either.wire.bring("g1")
    await either.wire.translated()
    await either.deliver()
    either.now.forward(minutes=2)
    assert (await visitor.got("/figures"))["hours"] == []
    assert await either.ledger.write(tally.count, either.now()) == 2
    told = await visitor.got("/figures?hours=2")
    assert told["since"] == "2021-12-21T11:00:00Z"
    assert {(h["hour"], h["what"], h["number"]) for h in told["hours"]} == {
        ("2021-12-21T12:00:00Z", "delivered", 1), ("2021-12-21T12:00:00Z", "refused", 1),
    }  # fmt: skip
    (agency,) = told["receipt_by_member"]
    assert (agency["member"], agency["number"]) == ("agency", 1)
    assert agency["median"] == pytest.approx(3.0, rel=0.1)
    assert [t["language"] for t in told["receipt_by_language"]] == ["en"]
    (translated,) = told["translation_by_language"]
    assert (translated["language"], translated["number"]) == ("ru", 1)
    assert translated["median"] == pytest.approx(0.25, rel=0.1)
    only = await visitor.got("/figures?member=bureau")
    assert ([h["what"] for h in only["hours"]], only["receipt_by_member"]) == (["refused"], [])
    either.now.forward(hours=3)
    assert (await visitor.got("/figures?hours=2"))["hours"] == []


# People


async def test_persons_are_let_in_changed_and_removed(either: Office) -> None:
    admin = await either.person("ada")
    new = {"name": "nils", "role": "editor", "password": "a good password"}
    assert await admin.did("/users", new) == {}
    assert (await admin.refused("/users", new)) == (409, "there is a 'nils' already")
    told = {u["name"]: u for u in (await admin.got("/users"))["users"]}
    assert (told["nils"]["role"], told["nils"]["seen"]) == ("editor", None)
    assert told["ada"]["seen"] == "2021-12-21T12:00:00Z"
    nils = await either.stranger()
    assert (await nils.log_in("nils", "a good password")).status == 303
    assert await nils.got("/me") == {"name": "nils", "role": "editor"}
    await admin.did("/users/nils", {"role": "viewer", "password": "a better password"}, "PATCH")
    assert await last(admin) == ("ada", "change user", "user nils", "viewer, password")
    await admin.did("/users/nils", method="DELETE")
    assert await last(admin) == ("ada", "remove user", "user nils", "")
    assert (await admin.refused("/users/nils", method="DELETE"))[0] == 404
    assert (await admin.refused("/users/nils", {"role": "viewer"}, "PATCH"))[0] == 404
    assert "good password" not in str(await admin.got("/audit"))


async def test_no_admin_locks_themselves_out(admin: Visitor) -> None:
    assert (await admin.refused("/users/ada", method="DELETE"))[0] == 409
    assert (await admin.refused("/users/ada", {"role": "viewer"}, "PATCH"))[0] == 409
    assert (await admin.refused("/users/eve", {}, "PATCH"))[0] == 400
    assert (await admin.refused("/users/eve", {"role": "viewer", "password": ""}, "PATCH"))[0] == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": "a b"}, 422),
        ({"name": "a/b"}, 422),
        ({"name": ""}, 422),
        ({"name": ".."}, 422),
        ({"name": "x" * 101}, 422),
        ({"role": "root"}, 422),
        ({"password": "short"}, 400),
        ({"password": "x" * 201}, 400),
        ({"password": "abcabcabcabc"}, 400),
    ],
)
async def test_a_person_that_will_not_do(admin: Visitor, change: dict[str, str], status: int) -> None:
    told = {"name": "nils", "role": "viewer", "password": "a good password"} | change
    found, said = await admin.refused("/users", told)
    assert found == status
    assert told["password"] not in said


async def test_passwords_are_in_no_answer(admin: Visitor) -> None:
    said = (await admin.refused("/me/password", {"old": PASSWORD, "new": "tiny"}))[1]
    assert said == "a password has at least 10 characters"
    assert (await admin.call("POST", "/me/password", {"old": [PASSWORD], "new": PASSWORD})).status == 422
    answer = await admin.call("POST", "/users", {"name": "n", "role": "x", "password": [PASSWORD]})
    assert PASSWORD not in answer.text


async def test_machines_are_let_in_by_tokens(either: Office) -> None:
    admin = await either.person("ada")
    secret = (await admin.did("/tokens", {"name": "carrier", "role": "editor"}))["secret"]
    assert (await admin.refused("/tokens", {"name": "carrier"}))[0] == 409
    machine = await either.stranger()
    machine.headers["Authorization"] = f"Bearer {secret}"
    await either.wire.bring("g1")
    await machine.did("/articles/1/hold", {})
    assert (await last(machine))[0] == "token carrier"
    told = await admin.call("GET", "/tokens")
    assert secret not in told.text
    (token,) = told.json["tokens"]
    assert (token["name"], token["role"], token["made_by"], token["used"]) == (
        "carrier", "editor", "ada", "2021-12-21T12:00:00Z",
    )  # fmt: skip
    assert (await machine.refused("/me/password", {"old": "x", "new": "a good password"}))[0] == 400
    await admin.did("/tokens/carrier", method="DELETE")
    assert (await admin.refused("/tokens/carrier", method="DELETE"))[0] == 404


async def test_two_who_let_in_the_same_person_at_once(either: Office) -> None:
    """One succeeds, and the other is told."""
    admin = await either.person("ada")
    new = {"name": "nils", "role": "viewer", "password": "a good password"}
    answers = await asyncio.gather(*(admin.call("POST", "/users", new) for _ in range(4)))
    assert sorted(a.status for a in answers) == [200, 409, 409, 409]
    tokens = await asyncio.gather(*(admin.call("POST", "/tokens", {"name": "t"}) for _ in range(4)))
    assert sorted(a.status for a in tokens) == [200, 409, 409, 409]
    assert len(await either.ledger.read(people.tokens)) == 1


# The pages tell what the operations tell


async def test_the_pages_of_an_article_in_each_of_its_states(either: Office) -> None:
    await various(either)
    editor = await either.person("eve")
    told = Content(
        headline="Union closes in Paris", body="<p>It met twice.</p>", language="en", published=NOON
    )
    await either.ledger.write(
        articles.revise,
        2,
        Entry("weekly", "g2", {}, told, told.fingerprint()),
        either.wire.routes,
        either.now(),
    )
    either.now.forward(minutes=2)
    await either.ledger.write(tally.count, either.now())
    for path in (
        "/",
        "/members",
        "/figures",
        "/trail",
        "/me",
        "/?state=dead&words=union",
        "/trail?words=hold",
    ):
        assert (await editor.ask("GET", f"/desk{path}")).status == 200, path
    for id_ in await ids(editor):
        for kind in ("html", "ninjs", "nothing"):
            query = f"language=ru&format={kind}&diff=2"
            assert (await editor.ask("GET", f"/desk/articles/{id_}?{query}")).status == 200
    page = await editor.ask("GET", "/desk/articles/2?diff=2")
    assert "<ins> in Paris</ins>" in page.text
    for odd in ("diff=99999999999999", "diff=0", "diff=x", "language=../x", "language=%00"):
        assert (await editor.ask("GET", f"/desk/articles/2?{odd}")).status == 200


async def test_what_a_feed_says_is_escaped(desk: Office, editor: Visitor) -> None:
    nasty = "<script>alert(1)</script>\"'><b onload=x>"
    await desk.wire.bring("g1", nasty, categories=(nasty,), url="javascript:alert(1)")
    for path in ("/desk/", "/desk/articles/1"):
        page = (await editor.ask("GET", path)).text
        assert "<script>alert" not in page
        assert "<b onload" not in page
        assert 'href="javascript:' not in page
