from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from distributor.config import load
from distributor.errors import ConfigError

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="
GOOD = """
storage = "sqlite+aiosqlite:///var/x.db"
[[sources]]
name = "weekly-edition"
url = "https://example.org/feed"
every = "90s"
backfill = "7d"
[[members]]
id = "jst"
name = "Japan Science and Technology Agency"
languages = ["ja", "EN"]
[[members.channels]]
type = "webhook"
url = "https://example.org/hook"
secrets = [{ env = "JST_SECRET" }]
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.setenv("JST_SECRET", SECRET)

    def to(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return to


def faults(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        load(path)
    return raised.value.faults


def test_a_good_file_is_typed(write: Write) -> None:
    config = load(write(GOOD))
    source, member = config.sources[0], config.members[0]
    assert (source.every, source.backfill) == (timedelta(seconds=90), timedelta(days=7))
    assert member.languages == ("ja", "en")
    assert list(config.lanes()) == ["jst/webhook"]


def test_backfill_all_has_no_bound(write: Write) -> None:
    assert load(write(GOOD.replace('"7d"', '"all"'))).sources[0].backfill is None


def test_the_shipped_file_holds() -> None:
    config = load(Path(__file__).parents[1] / "config.toml")
    assert [m.id for m in config.members] == ["sputnik", "prnewswire", "jst", "clarivate", "icgeb"]
    assert len({m.topics for m in config.members}) == 5


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('name = "weekly-edition"', 'name = "Weekly Edition"', "sources[0].name: write small letters"),
        ('every = "90s"', 'evry = "90s"', "sources[0].evry: unknown key, did you mean 'every'?"),
        ('every = "90s"', 'every = "soon"', "sources[0].every: not a duration: 'soon'"),
        ('url = "https://example.org/feed"', "", "sources[0].url: missing"),
        ('"ja", "EN"', '"japanese"', "members[0].languages[0]: 'japanese' is not a language tag"),
        ('type = "webhook"', 'type = "webhok"', "members[0].channels[0].type: no channel of type 'webhok'"),
        ('type = "webhook"', "", "members[0].channels[0].type: missing; one of: "),
        ('url = "https://example.org/hook"', "", "members[0].channels[0].url: missing"),
        ("secrets =", "secret =", "members[0].channels[0].secret: unknown key, did you mean 'secrets'?"),
        ("JST_SECRET", "NO_SUCH", "members[0].channels[0].secrets[0]: the environment variable NO_SUCH is"),
        ('sqlite+aiosqlite:///var/x.db', "mysql://x/y", "storage: 'mysql' is not supported"),
        ("[[sources]]", "[sources", "not TOML"),
    ],
)  # fmt: skip
def test_a_fault_names_its_key_and_the_mend(write: Write, old: str, new: str, fault: str) -> None:
    assert any(fault in told for told in faults(write(GOOD.replace(old, new, 1))))


def test_all_faults_are_told_at_once(write: Write) -> None:
    text = (
        GOOD.replace('every = "90s"', 'every = "soon"')
        .replace('"ja", "EN"', '"japanese"')
        .replace("url", "uri")
    )
    assert len(faults(write(text))) >= 5


def test_what_stands_there_twice_is_told(write: Write) -> None:
    twice = GOOD + GOOD.split("\n[[sources]]")[0].split("\n")[0] + GOOD[GOOD.index("[[sources]]") :]
    told = faults(write(twice))
    assert any("sources: name 'weekly-edition' stands there twice" in t for t in told)
    assert any("members: id 'jst' stands there twice" in t for t in told)


def test_a_secret_in_the_open_is_refused_and_never_shown(write: Write) -> None:
    told = "\n".join(faults(write(GOOD.replace('{ env = "JST_SECRET" }', f'"{SECRET}"'))))
    assert 'say where it is: { env = "NAME" }' in told
    assert SECRET not in told


def test_a_secret_comes_from_a_file_and_is_not_printed(write: Write, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n", encoding="utf-8")
    config = load(write(GOOD.replace('{ env = "JST_SECRET" }', f'{{ file = "{tmp_path / "secret"}" }}')))
    secrets = config.members[0].channels[0].secrets  # type: ignore[attr-defined]
    assert secrets == (SecretStr(SECRET),)
    assert SECRET not in repr(config)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "--config" in faults(tmp_path / "none.toml")[0]


ENGINES = """
[translation]
max_memory = "1.5GB"
[[translation.engines]]
engine = "ctranslate2"
path = "models/opus-en-es"
source = "en"
target = "es"
[[translation.engines]]
engine = "libretranslate"
url = "http://localhost:5000"
source = "EN"
targets = ["fr", "zh-hans"]
api_key = { env = "JST_SECRET" }
"""


def test_engines_are_named_by_pair(write: Write) -> None:
    settings = load(write(GOOD + ENGINES)).translation
    converted, remote = settings.engines
    assert (settings.max_memory, converted.engine, converted.target) == (1_500_000_000, "ctranslate2", "es")
    assert (remote.engine, remote.source, remote.targets) == ("libretranslate", "en", ("fr", "zh-Hans"))
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("was", "new", "fault"),
    [
        ('path = "mod', 'paht = "mod', "translation.engines[0].paht: unknown key, did you mean 'path'?"),
        ('url = "http:', 'ulr = "http:', "translation.engines[1].ulr: unknown key, did you mean 'url'?"),
        (
            'target = "es"',
            'target = "spanish!"',
            "translation.engines[0].target: 'spanish!' is not a language",
        ),
        ('"1.5GB"', '"much"', "translation.max_memory: not a size: 'much'; write a number and a unit"),
        (
            'engine = "ctranslate2"',
            'engine = "ctranslate3"',
            "translation.engines[0]: Input tag 'ctranslate3'",
        ),
    ],
)
def test_a_fault_in_an_engine_names_its_key_and_the_mend(
    write: Write, was: str, new: str, fault: str
) -> None:
    assert any(fault in line for line in faults(write(GOOD + ENGINES.replace(was, new))))


def test_what_a_member_wants_of_translations_in_doubt(write: Write) -> None:
    config = load(
        write(GOOD.replace('languages = ["ja", "EN"]', 'languages = ["ja"]\non_doubt = "original"'))
    )
    assert config.members[0].on_doubt == "original"
    assert any(
        "on_doubt" in f for f in faults(write(GOOD.replace('id = "jst"', 'id = "jst"\non_doubt = "x"')))
    )
