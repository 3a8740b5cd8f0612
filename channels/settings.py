"""Building blocks of typed settings: durations and secrets, and what every channel has."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(value: object) -> object:
    """`"90s"`, `"5m"`, `"1h30m"`, `"7d"` into a timedelta; numbers are seconds."""
    if isinstance(value, str):
        parts = re.findall(r"(\d+(?:\.\d+)?)\s*([smhdw])", value)
        if not parts or re.sub(r"(\d+(?:\.\d+)?)\s*([smhdw])\s*", "", value.strip()):
            raise ValueError(
                f"not a duration: {value!r}; write a number and a unit, such as '30s', '5m', '2h', '7d'"
            )
        return sum((timedelta(**{UNITS[unit]: float(number)}) for number, unit in parts), timedelta())
    return value


PER = {"s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}


def parse_rate(value: object) -> object:
    """`"30/min"`, `"5/s"`, `"1000/h"` into the time from one attempt to the next."""
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*/\s*([a-z]+)", value.strip() if isinstance(value, str) else "")
    if not found or found[2] not in PER or not float(found[1]):
        raise ValueError(f"not a rate: {value!r}; write a number and a time: '5/s', '30/min', '1000/h'")
    return timedelta(seconds=PER[found[2]] / float(found[1]))


def parse_size(value: object) -> object:
    """`"500MB"`, `"2GB"` (10⁶, 10⁹) into bytes; numbers are bytes."""
    if isinstance(value, str):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", value.strip(), re.IGNORECASE)
        if not found:
            raise ValueError(f"not a size: {value!r}; write a number and a unit, such as '500MB', '2GB'")
        return int(float(found[1]) * 1000 ** " KMGT".index(found[2].upper() or " "))
    return value


def resolve_secret(value: object) -> object:
    """`{ env = "NAME" }` or `{ file = "path" }` into the secret itself; never a string in the open."""
    match value:
        case SecretStr():
            return value
        case {"env": str(name), **rest} if not rest:
            if not os.environ.get(name):
                raise ValueError(f"the environment variable {name} is not set")
            return SecretStr(os.environ[name])
        case {"file": str(name), **rest} if not rest:
            try:
                return SecretStr(Path(name).read_text(encoding="utf-8").strip())
            except OSError as e:
                raise ValueError(f"cannot read the file {name}: {e.strerror}") from e
    raise ValueError('a secret is not written here; say where it is: { env = "NAME" } or { file = "path" }')


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Rate = Annotated[timedelta, BeforeValidator(parse_rate)]
Size = Annotated[int, BeforeValidator(parse_size), Field(gt=0)]
Secret = Annotated[SecretStr, BeforeValidator(resolve_secret)]


class Settings(BaseModel):
    """Typed, frozen, without unknown keys; errors never show the value, which may be a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ChannelSettings(Settings):
    """What every channel can be told; each kind adds its own."""

    type: str
    name: str = Field("", description="Tells channels of one type apart; the type itself unless said.")
    languages: tuple[str, ...] = Field((), description="Instead of the member's, BCP 47.")
    concurrency: int = Field(8, ge=1, le=1000, description="Attempts at the same time.")
    timeout: Duration = Field(timedelta(seconds=20), gt=timedelta(), description="For one whole attempt.")
    rate: Rate | None = Field(None, description="At most so many attempts, evenly: '30/min'.")
    ordered: bool = Field(False, description="In the order of publication; urgent items overtake.")
    min_urgency: int = Field(9, ge=1, le=9, description="Nothing less urgent than this: 2, only the urgent.")
    digest: str = Field(
        "", description="What is not urgent, together at that time of the member's: 'mon-fri 09:00'."
    )
    disable_after: Duration = Field(
        timedelta(days=5), gt=timedelta(), description="Of failing without a break; then it is switched off."
    )
