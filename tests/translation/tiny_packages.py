"""Argos packages made in the test: a SentencePiece model of a few words, a Transformer of random weights."""

from __future__ import annotations

import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece as spm
from ctranslate2.specs import TransformerSpec, model_spec

WIDTH = 16
SENTENCES = (
    "the cat sat on the mat",
    "a dog ran to the house and sat down",
    "science news in every language",
    "Кошка сидит на коврике",
    "科学新闻 世界",
)


def write_package(
    folder: Path,
    source: str,
    target: str,
    *,
    version: str = "1.0",
    sample: bool = False,
    prefix: str = "",
    seed: int = 0,
) -> Path:
    """A whole package, unpacked, under `folder`."""
    package = folder / f"translate-{source}_{target}-{version}"
    (package / "model").mkdir(parents=True)
    metadata: dict[str, Any] = {"package_version": version, "from_code": source, "to_code": target}
    metadata |= {"from_name": source, "to_name": target, "target_prefix": prefix} | (
        {"sample": True} if sample else {}
    )
    (package / "metadata.json").write_text(json.dumps(metadata), "utf-8")
    (package / "sentencepiece.model").write_bytes(tokenizer())
    random_model(seed).save(str(package / "model"))
    return package


def pack(package: Path, archive: Path) -> Path:
    """The package as an `.argosmodel` file."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(package.rglob("*")):
            file.write(path, path.relative_to(package.parent))
    return archive


@cache
def tokenizer() -> bytes:
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 3),
        model_writer=model,
        vocab_size=340,
        hard_vocab_limit=False,
        byte_fallback=True,
        character_coverage=1.0,
        user_defined_symbols=["__ru__"],
        minloglevel=2,
    )
    return model.getvalue()


@cache
def random_model(seed: int) -> TransformerSpec:
    """One layer each way, 16 wide: says nonsense, the same at every run."""
    pieces = spm.SentencePieceProcessor(model_proto=tokenizer())
    vocabulary = [pieces.id_to_piece(number) for number in range(pieces.get_piece_size())]
    spec = TransformerSpec.from_config((1, 1), 2)
    random = np.random.default_rng(seed)

    def fill(layer: object, path: str, value: object) -> None:
        if value is None:
            setattr(layer, path.split("/")[-1], weight(path, len(vocabulary), random))

    model_spec.visit_spec(spec, fill)
    bias = np.zeros(len(vocabulary), np.float32)
    bias[pieces.eos_id()] = 6.0  # sentences come to an end
    spec.decoder.projection.bias = bias
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    spec.validate()
    return spec


def weight(path: str, words: int, random: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float32]]:
    if path.endswith(("gamma", "beta")):
        return np.full(WIDTH, float(path.endswith("gamma")), np.float32)
    if "embeddings" in path or "projection" in path:
        return random.normal(size=(words, WIDTH)).astype(np.float32)
    rows, columns = WIDTH, WIDTH
    if "ffn" in path:
        rows, columns = (4 * WIDTH, WIDTH) if "linear_0" in path else (WIDTH, 4 * WIDTH)
    elif "self_attention/linear_0" in path:
        rows = 3 * WIDTH
    elif "/attention/linear_1" in path:
        rows = 2 * WIDTH
    return random.normal(size=(rows, columns)).astype(np.float32)
