"""The process that the models run in: it may die, and takes nothing along."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tiny_packages import SENTENCES, write_package

from distributor.errors import TranslationError
from distributor.translation.engines import worker as worker_module
from distributor.translation.engines.engine import Engine
from distributor.translation.engines.host import Host
from distributor.translation.engines.packages import Packages
from distributor.translation.engines.tuning import Tuning
from distributor.translation.engines.worker import InProcess, InThread

ENGLISH = list(SENTENCES[:3])


def crash(*_: Any) -> None:
    """In place of a translation."""
    os.kill(os.getpid(), signal.SIGKILL)


def pid(*_: Any) -> int:
    """Whose it is."""
    return os.getpid()


async def test_a_process_says_the_same_as_a_thread(tmp_path: Path) -> None:
    write_package(tmp_path, "en", "ru")
    packages = Packages([tmp_path])
    apart, here = InProcess(Tuning()), InThread(Tuning())
    try:
        said = [await Engine(packages, worker=w).translate(ENGLISH, "en", "ru") for w in (apart, here)]
    finally:
        apart.close()
        here.close()
    assert said[0] == said[1]
    assert said[0][0].ties


async def test_after_a_death_the_work_is_done_by_a_new_process(tmp_path: Path) -> None:
    write_package(tmp_path, "en", "ru")
    apart = InProcess(Tuning())
    engine = Engine(Packages([tmp_path]), worker=apart)
    try:
        before = await engine.translate(ENGLISH, "en", "ru")
        assert apart._pool
        for child in list(apart._pool._processes):
            os.kill(child, signal.SIGKILL)
        assert await engine.translate(ENGLISH, "en", "ru") == before
    finally:
        engine.close()


async def test_what_kills_it_twice_is_an_error_that_names_the_model_and_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_package(tmp_path, "en", "ru")
    engine = Engine(Packages([tmp_path]), worker=InProcess(Tuning()))
    monkeypatch.setattr(worker_module, "_translate", crash)
    with pytest.raises(TranslationError, match=r"died twice.*translate-en_ru.*max_memory"):
        await engine.translate(ENGLISH, "en", "ru")
    monkeypatch.undo()
    assert len(await engine.translate(ENGLISH, "en", "ru")) == 3
    engine.close()


SCRIPT = """
import asyncio
from distributor.translation.engines import worker
from distributor.translation.engines.tuning import Tuning
from test_worker import pid

async def main():
    worker._translate = pid
    print(await worker.InProcess(Tuning()).translate(None, [], [], False), flush=True)
    await asyncio.Event().wait()

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_it_does_not_outlive_a_service_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, "utf-8")
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    service = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert service.stdout
    child = int(service.stdout.readline())
    service.kill()
    service.wait()
    service.stdout.close()
    for _ in range(100):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]:
            return
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    raise AssertionError("it lives on")


def test_models_are_loaded_when_needed_and_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    for target in ("ru", "ja", "it"):
        write_package(tmp_path, "en", target)
    routes = {t: Packages([tmp_path]).route("en", t)[0] for t in ("ru", "ja", "it")}
    size = (routes["ru"].weights / "model.bin").stat().st_size
    host = Host(Tuning(max_memory=int(size * 2.6)))  # two, with what a loaded model takes beside its file
    assert host.loaded == ()
    for target in ("ru", "ja", "ru", "it"):
        host.translate(routes[target], ENGLISH, (), False)
    assert host.loaded == (routes["ru"], routes["it"])


def test_a_model_larger_than_the_memory_given_is_loaded_alone(tmp_path: Path) -> None:
    write_package(tmp_path, "en", "ru")
    (step,) = Packages([tmp_path]).route("en", "ru")
    host = Host(Tuning(max_memory=1))
    assert len(host.translate(step, ENGLISH, (), False)) == 3


async def test_the_urgent_are_served_before_a_long_job_goes_on(tmp_path: Path) -> None:
    write_package(tmp_path, "en", "ru")
    engine = Engine(Packages([tmp_path]), Tuning(slice=64))
    order: list[str] = []

    async def run(name: str, sentences: list[str], urgency: int) -> None:
        await engine.translate(sentences, "en", "ru", urgency=urgency)
        order.append(name)

    many = [f"{sentence} {i}" for i in range(60) for sentence in ENGLISH]
    jobs = [asyncio.create_task(run("long", many, 5)), asyncio.create_task(run("second", many[:30], 5))]
    await asyncio.sleep(0.01)
    await run("urgent", [f"a cat {i}" for i in range(30)], 1)
    await asyncio.gather(*jobs)
    engine.close()
    assert order[0] == "urgent"


CONFIG = """
[[sources]]
name = "weekly"
url = "feed.xml"
backfill = "all"
[[members]]
id = "a"
name = "A"
languages = ["ru"]
[[members.channels]]
type = "folder"
path = "out"
"""
FEED = """<rss version="2.0"><channel><title>W</title><language>en</language>
<item><title>Rice farmers save water and cut methane</title><guid isPermaLink="false">g</guid></item>
</channel></rss>"""


def test_a_service_that_is_started_as_a_module_starts_its_engine_once(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")
    (tmp_path / "feed.xml").write_text(FEED, "utf-8")
    command = [sys.executable, "-m", "distributor", "run", "--once"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["1 delivered"]
    assert any("Рис" in path.read_text("utf-8") for path in (tmp_path / "out").glob("*.json"))
