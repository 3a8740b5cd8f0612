"""The API as OpenAPI 3.1 has it, written from the operations themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from distributor.desk.operations import BASE, PARTS, Nothing, Operation, Shape
from distributor.desk.problems import MEDIA_TYPE

_REF = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail"],
}
_PROBLEMS = {
    "400": "it cannot be done",
    "401": "who are you",
    "403": "not yours to do",
    "404": "there is no such thing",
    "409": "it was changed meanwhile",
    "413": "too large",
    "422": "what was asked does not fit its shape",
    "503": "the ledger cannot be had now",
}


def document(operations: Iterable[Operation], title: str) -> dict[str, Any]:
    """For machines, and for whoever writes them."""
    operations = tuple(operations)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version("distributor")},
        "servers": [{"url": BASE}],
        "security": [{"token": []}, {"session": [], "csrf": []}],
        "paths": _paths(operations),
        "components": {
            "schemas": {**_schemas(operations), "Problem": _PROBLEM},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-wire"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
            },
        },
    }


def _schemas(operations: Iterable[Operation]) -> dict[str, Any]:
    shapes = [(shape, "serialization") for shape in dict.fromkeys(op.answer for op in operations)]
    bodies = [(op.body, "validation") for op in operations if op.body is not Nothing]
    wanted: Any = [*shapes, *dict.fromkeys(bodies)]
    _, told = models_json_schema(wanted, ref_template=_REF)
    found: dict[str, Any] = told.get("$defs", {})
    return found


def _refs(operations: Iterable[Operation]) -> dict[tuple[type[Shape], str], Any]:
    shapes = [(op.answer, "serialization") for op in operations]
    bodies = [(op.body, "validation") for op in operations if op.body is not Nothing]
    wanted: Any = list(dict.fromkeys([*shapes, *bodies]))
    refs, _ = models_json_schema(wanted, ref_template=_REF)
    return refs  # type: ignore[return-value]


def _paths(operations: tuple[Operation, ...]) -> dict[str, Any]:
    refs = _refs(operations)
    paths: dict[str, Any] = {}
    for op in operations:
        paths.setdefault(op.path, {})[op.method.lower()] = _operation(op, refs)
    return paths


def _operation(op: Operation, refs: Any) -> dict[str, Any]:
    told = {
        "operationId": f"{op.handler.__module__.rpartition('.')[2]}_{op.handler.__name__}",
        "summary": op.summary,
        "description": f"For {op.role}s.",
        "parameters": [*_path_parameters(op), *_query_parameters(op)],
        "responses": {
            "200": {
                "description": "done",
                "content": {"application/json": {"schema": refs[op.answer, "serialization"]}},
            },
            **{status: _problem(what) for status, what in _PROBLEMS.items()},
        },
    }
    if op.body is not Nothing:
        schema = refs[op.body, "validation"]
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return told


def _problem(what: str) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model="Problem")}
    return {"description": what, "content": {MEDIA_TYPE: {"schema": schema}}}


def _path_parameters(op: Operation) -> Iterator[dict[str, Any]]:
    for name in op.parts:
        schema = TypeAdapter(PARTS[name]).json_schema()
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(op: Operation) -> Iterator[dict[str, Any]]:
    schema = op.query.model_json_schema()
    required = schema.get("required", [])
    for name, told in schema.get("properties", {}).items():
        yield {"name": name, "in": "query", "required": name in required, "schema": told}
