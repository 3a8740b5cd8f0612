"""The API's document is OpenAPI 3.1, and the API answers as it says, whatever it is asked."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import schemathesis
from argon2 import PasswordHasher
from desks import Office, office
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
from schemathesis import Case, GenerationMode
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi import checks

from distributor.desk import passwords
from distributor.desk.api import OPERATIONS
from distributor.desk.openapi import document
from distributor.desk.operations import BASE
from distributor.ledger import notices
from distributor.ledger.ledger import Ledger

DOCUMENT = document(OPERATIONS, "the desk's API")
EXAMPLES = 15
"""Of each operation and each way to make them."""
CHECKS = (
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
THERE = {
    "article": 4,
    "delivery": 1,
    "notice": 2,
    "language": "ru",
    "member": "agency",
    "channel": "folder",
    "user": "vic",
    "token": "spare",
}
"""What stands in a path, where there is something."""
NEVER = {
    "POST /me/password": "a machine has no password",
    "POST /articles/{article}/undo": "it is withdrawn by then, as all operations meet the same article",
    "POST /articles/{article}/renditions/{language}/edit": "the same",
    "POST /articles/{article}/renditions/{language}/approve": "the same",
    "POST /articles/{article}/renditions/{language}/again": "the same",
    "POST /deliveries/replay": "all of its conditions together are seldom true of something dead",
}
"""What no example brings about."""
OPERATION = {f"{m.upper()} {path}": op for path, ops in DOCUMENT["paths"].items() for m, op in ops.items()}


def test_the_document_is_openapi() -> None:
    """By what OpenAPI 3.1 requires of each object, and JSON Schema 2020-12 of each schema."""
    assert DOCUMENT["openapi"] == "3.1.0"
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    for schema in _schemas(DOCUMENT):
        Draft202012Validator.check_schema(schema)
    schemathesis.openapi.from_dict(DOCUMENT).validate()


def test_each_reference_leads_somewhere() -> None:
    named = DOCUMENT["components"]["schemas"]
    found = set(_references(DOCUMENT))
    assert found
    assert {ref.removeprefix("#/components/schemas/") for ref in found} <= named.keys()


def test_each_operation_has_a_name_of_its_own_and_says_what_may_come() -> None:
    names = [op["operationId"] for op in OPERATION.values()]
    assert len(names) == len(set(names)) == len(OPERATIONS)
    for name, op in OPERATION.items():
        assert op["summary"], name
        assert {"200", "401", "403", "503"} <= op["responses"].keys(), name
        told = {p["name"] for p in op["parameters"] if p["in"] == "path"}
        assert told == {part[1:-1] for part in name.split("/") if part.startswith("{")}


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: f"{op.method} {op.path}")
def test_each_operation_is_documented_with_what_it_takes(op: Any) -> None:
    told = DOCUMENT["paths"][op.path][op.method.lower()]
    assert op.role in told["description"]
    asked = {p["name"] for p in told["parameters"] if p["in"] == "query"}
    assert asked == set(op.query.model_fields)
    assert ("requestBody" in told) == bool(op.body.model_fields)


async def test_it_is_had_at_its_address(desk: Office) -> None:
    visitor = await desk.machine("viewer")
    told = await visitor.got("/openapi.json")
    assert told["paths"].keys() == DOCUMENT["paths"].keys()
    assert told["servers"] == [{"url": BASE}]


def _schemas(node: Any) -> Iterator[Any]:
    """What stands under `schema` and `schemas`."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "schema":
                yield value
            elif key == "schemas":
                yield from value.values()
            else:
                yield from _schemas(value)
    elif isinstance(node, list):
        for one in node:
            yield from _schemas(one)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from _references(one)


@dataclass
class Running:
    """A desk in a thread of its own, for a client that blocks."""

    folder: Path
    storage: str
    base: str = ""
    token: str = ""
    ready: Event = field(default_factory=Event)
    stop: Callable[[], object] = lambda: None
    statuses: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def run(self) -> None:
        """In the thread, until `stop`."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        self.stop = lambda: loop.call_soon_threadsafe(over.set)
        async with Ledger(self.storage) as ledger, office(self.folder, ledger) as desk:
            await _furnish(desk)
            machine = await desk.machine("admin", "a tester")  # with a space: no example removes it
            self.base, self.token = desk.base + BASE, machine.headers["Authorization"]
            self.ready.set()
            await over.wait()

    def ask(self, case: Case, checks: Sequence[Any]) -> None:
        """What schemathesis finds, it raises."""
        answer = case.call(base_url=self.base, headers={"Authorization": self.token})
        assert answer.status_code < 500, answer.content
        self.statuses[case.operation.label].add(answer.status_code)
        case.validate_response(answer, checks=list(checks))


async def _furnish(desk: Office) -> None:
    """Something delivered, dead, in doubt; a token, a person and a notice to spare."""
    for n in range(3):
        await desk.wire.bring(f"g{n}", categories=("space",))
    await desk.wire.translated()
    await desk.deliver()
    await desk.wire.bring("g4")
    await desk.wire.translated({"sentence": "", "translation": "", "kind": "length", "what": "short"})
    await desk.machine("viewer", "spare")
    await desk.ledger.write(notices.raise_, "off", "agency/former", "gone", desk.now())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("desk")
    told = Running(folder, f"sqlite+aiosqlite:///{folder}/ledger.db")
    thread = Thread(target=told.run)
    with pytest.MonkeyPatch.context() as patched:  # the same hash, sooner
        patched.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        thread.start()
        assert told.ready.wait(60)
        yield told
        told.stop()
        thread.join()


def _api() -> list[Any]:
    """Of schemathesis, first what changes nothing; it is to make up neither cookies nor tokens."""
    generation = GenerationConfig(with_security_parameters=False)
    projects = ProjectsConfig(default=ProjectConfig(generation=generation))
    schema = schemathesis.openapi.from_dict(DOCUMENT, config=SchemathesisConfig(projects=projects))
    return sorted((found.ok() for found in schema.get_all_operations()), key=lambda op: op.method != "get")


API = _api()
EACH = pytest.mark.parametrize("op", API, ids=lambda op: op.label)
EACH_THAT_TAKES = pytest.mark.parametrize(
    "op", [op for op in API if [*op.path_parameters, *op.query, *op.body]], ids=lambda op: op.label
)
"""Something that it may be told wrongly."""
BOUNDED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@EACH
def test_whatever_fits_is_answered_as_documented(running: Running, op: Any) -> None:
    """At places that are there, and at any that could be."""
    there = {p.name: THERE[p.name] for p in op.path_parameters}
    some = op.as_strategy(path_parameters=there) if there else op.as_strategy()

    @given(case=some | op.as_strategy())
    @BOUNDED
    def ask(case: Case) -> None:
        running.ask(case, CHECKS)

    ask()
    assert running.statuses[op.label] & {200, 400, 404, 409}


@EACH_THAT_TAKES
def test_whatever_does_not_fit_is_refused_as_documented(running: Running, op: Any) -> None:
    @given(case=op.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    @BOUNDED
    def ask(case: Case) -> None:
        running.ask(case, [*CHECKS, checks.negative_data_rejection])

    ask()


def test_most_operations_were_done_and_not_only_refused(running: Running) -> None:
    """Else the two above would look at problems only. Runs after them, and says nothing alone."""
    if len(running.statuses) == len(API):
        never = {label for label, statuses in running.statuses.items() if 200 not in statuses}
        assert never <= NEVER.keys()
