"""config.toml into typed settings, with all its faults at once: each names its key and the mend."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from channels import registry
from channels.extras import extra
from channels.settings import ChannelSettings
from distributor import hours
from distributor.errors import ConfigError
from distributor.settings import ENGINES, Config, ConvertedModel, MemberSettings, RemoteEngine


def load(path: Path) -> Config:
    """Raises: ConfigError, with all faults."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as e:
        raise ConfigError([f"{path}: there is no such file; name one with --config"]) from e
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError([f"{path}: cannot be read: {e}"]) from e
    except tomllib.TOMLDecodeError as e:
        raise ConfigError([f"{path.name}: not TOML: {e}"]) from e
    try:
        return parse(raw)
    except ConfigError as e:
        raise ConfigError([f"{path.name}: {fault}" for fault in e.faults]) from e


def parse(raw: Mapping[str, Any]) -> Config:
    """Raises: ConfigError, with all faults."""
    data, faults = _with_channels(dict(raw))
    config = None
    try:
        config = Config.model_validate(data)
    except ValidationError as e:
        faults += [_fault(Config, f) for f in e.errors()]
    if config:
        faults += _clashes(config)
    if faults or not config:
        raise ConfigError(faults)
    return config


def _with_channels(raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Each channel's table as its own kind's settings; where that fails, a stand-in and the faults."""
    faults: list[str] = []
    if isinstance(raw.get("notices"), list):
        raw["notices"] = [_channel(c, ("notices", i), faults) for i, c in enumerate(raw["notices"])]
    members = raw.get("members")
    if not isinstance(members, list):
        return raw, faults
    raw["members"] = [dict(m) if isinstance(m, dict) else m for m in members]
    for i, member in enumerate(raw["members"]):
        channels = member.get("channels") if isinstance(member, dict) else None
        if isinstance(channels, list):
            member["channels"] = [
                _channel(c, ("members", i, "channels", j), faults) for j, c in enumerate(channels)
            ]
    return raw, faults


def _channel(raw: Any, at: tuple[str | int, ...], faults: list[str]) -> Any:
    if isinstance(raw, ChannelSettings) or not isinstance(raw, dict):
        return raw
    if not isinstance(raw.get("type"), str):
        faults.append(f"{key((*at, 'type'))}: missing; one of: {', '.join(registry.kinds())}")
        return ChannelSettings(type="unknown")
    try:
        settings = registry.load(raw["type"]).Settings
        return settings.model_validate(raw)
    except LookupError as e:
        faults.append(f"{key((*at, 'type'))}: {e}")
    except ValidationError as e:
        faults += [_fault(settings, f, at) for f in e.errors()]
    return ChannelSettings(type=raw["type"], name=str(raw.get("name", "")))


def _clashes(config: Config) -> Iterator[str]:
    """Faults between values that are each right on their own."""
    for what, names in (
        ("sources: name", [s.name for s in config.sources]),
        ("members: id", [m.id for m in config.members]),
        ("members: channel", [lane for m in config.members for lane, _ in m.lanes()]),
    ):
        for name in (n for n, count in Counter(names).items() if count > 1):
            yield f"{what} {name!r} stands there twice; give each its own name"
    tokens = Counter(m.token.get_secret_value() for m in config.members if m.token)
    known = [s.name for s in config.sources]
    members = [m.id for m in config.members]
    for i, source in enumerate(config.sources):
        if (name := source.contributor) and name not in members:
            yield f"sources[{i}].contributor: no member {name!r}{_near(name, members)}"
        if source.content == "page":
            yield from (f"sources[{i}].content: {fault}" for fault in _without_pages())
    for i, member in enumerate(config.members):
        yield from (f"members[{i}]{fault}" for fault in _unreachable(config, member))
        if member.token and tokens[member.token.get_secret_value()] > 1:
            yield f"members[{i}].token: another member has the same; give each its own"
        for j, channel in enumerate(member.channels):
            yield from (f"members[{i}].channels[{j}].digest: {fault}" for fault in _digest(channel))
        for name in member.exclude_sources:
            if name not in known:
                yield f"members[{i}].exclude_sources: no source {name!r}{_near(name, known)}"


def _without_pages() -> Iterator[str]:
    """What is missing for full texts."""
    try:
        with extra("page"):
            import_module("protego")
            import_module("trafilatura")
    except ImportError as e:
        yield str(e)


def _unreachable(config: Config, member: MemberSettings) -> Iterator[str]:
    """A feed that nobody could fetch."""
    feeds = [j for j, channel in enumerate(member.channels) if channel.type == "feed"]
    if feeds and not member.token:
        yield '.token: missing; a feed is private by it: token = { env = "NAME" }'
    if feeds and not config.web.listen:
        yield f'.channels[{feeds[0]}]: nothing serves the feed; say [web] listen = "127.0.0.1:8080"'
    if len(feeds) > 1:
        yield f".channels[{feeds[1]}]: a member has one feed, in all its languages"


def _digest(channel: ChannelSettings) -> Iterator[str]:
    if not channel.digest:
        return
    try:
        hours.times(channel.digest)
    except ValueError as e:
        yield str(e)
    kind = registry.load(channel.type) if channel.type in registry.kinds() else None
    if kind and not getattr(kind, "carries_digests", False):
        yield f"a channel of type {channel.type!r} brings one item at a time; leave it out, or use email"


def key(at: tuple[str | int, ...]) -> str:
    """`members[2].channels[0].url`"""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).lstrip(".")


def _fault(model: type[BaseModel], fault: Any, before: tuple[str | int, ...] = ()) -> str:
    at = tuple(fault["loc"])
    if len(at) > 3 and at[1] == "engines" and at[3] in ENGINES:  # which of the kinds it is, is no key
        model, before, at = (ConvertedModel, RemoteEngine)[ENGINES.index(at[3])], at[:3], at[4:]
    return f"{key(before + at) or 'the file'}: {_mend(model, at, fault)}"


def _mend(model: type[BaseModel], at: tuple[str | int, ...], fault: Any) -> str:
    match fault["type"]:
        case "extra_forbidden":
            known = _keys(model, at[:-1])
            return f"unknown key{_near(str(at[-1]), known) or ('; there are: ' + ', '.join(known))}"
        case "missing":
            return "missing; it must be given"
        case "string_pattern_mismatch":
            return "write small letters, digits, '-', '_' and '.', beginning with a letter or digit"
    return str(fault["msg"]).removeprefix("Value error, ")


def _keys(model: type[BaseModel], at: tuple[str | int, ...]) -> list[str]:
    """The keys of the table at `at`, found by walking the models' annotations."""
    for part in at:
        if isinstance(part, str) and part in model.model_fields:
            model = next(_models(model.model_fields[part].annotation), model)
    return sorted(model.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)


def _near(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f", did you mean {near[0]!r}?" if near else ""
