"""The engines that the configuration asks for; nothing is loaded, started or asked before it is needed."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url

from distributor.settings import SQLITE, Config, ConvertedModel, RemoteEngine
from distributor.translation.engines.engine import Engine
from distributor.translation.engines.libretranslate import LibreTranslate
from distributor.translation.engines.packages import Packages, converted, folders
from distributor.translation.engines.pairs import Engines, Pair
from distributor.translation.engines.tuning import Tuning
from distributor.translation.engines.worker import InProcess, InThread, Worker
from distributor.translation.glossary import Glossaries


def packages_of(config: Config) -> Packages:
    """The models here; the sample models are unpacked beside the ledger."""
    file = make_url(config.storage).database if config.storage.startswith(SQLITE) else None
    beside = Path(file).parent if file else Path("var")
    chosen = [
        converted(Path(e.path), e.source, e.target, source_token=e.source_token, target_token=e.target_token)
        for e in config.translation.engines
        if isinstance(e, ConvertedModel)
    ]
    return Packages(folders(config.translation.packages, beside / "sample-models"), chosen)


def engines_of(config: Config) -> Engines:
    """All engines, closed. Raises: TranslationError, for an address that is none."""
    settings = config.translation
    tuning = Tuning(
        beam=settings.beam,
        threads=settings.threads,
        device=settings.device,
        compute_type=settings.compute_type,
        batch=settings.batch,
        slice=settings.slice,
        max_memory=settings.max_memory,
    )
    worker: Worker = InProcess(tuning) if settings.isolate else InThread(tuning)
    remotes: dict[Pair, LibreTranslate] = {}
    for remote in settings.engines:
        if isinstance(remote, RemoteEngine):
            opened = _remote(remote)
            remotes |= {(remote.source, target): opened for target in remote.targets}
    return Engines(Engine(packages_of(config), tuning, worker), remotes)


def glossaries_of(config: Config) -> Glossaries:
    """None where no folder is named. Raises: ConfigError."""
    folder = config.translation.glossary
    return Glossaries(Path(folder) if folder else None)


def _remote(settings: RemoteEngine) -> LibreTranslate:
    return LibreTranslate(
        settings.url,
        api_key=settings.api_key,
        allow_private=settings.allow_private,
        timeout=settings.timeout.total_seconds(),
        batch=settings.batch,
    )
