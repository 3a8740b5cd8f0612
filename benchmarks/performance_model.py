"""An Argos package of the size of a real one, with random weights: fast to make, and as slow to run.

6 + 6 layers, 512 wide, 32,000 pieces, int8, as Argos's own models. It says nonsense, and all of it is
`LENGTH` pieces long, whatever the text and however it is asked: the position at which a sentence ends is
written into the decoder's position encodings, so that engines are compared over the same number of pieces.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from ctranslate2.specs import TransformerSpec, model_spec
from sentencepiece import sentencepiece_model_pb2 as proto

WIDTH, LAYERS, HEADS, PIECES, POSITIONS = 512, 6, 8, 32_000, 512
LENGTH = 24
"""Pieces of each translation."""
_END_WIDTH = WIDTH - 1
"""The dimension that only the position of the end has anything in."""


def write(folder: Path, texts: Iterable[str], source: str = "en", target: str = "ru") -> Path:
    """The package, in `folder`; its tokenizer knows the more frequent half of the words of `texts`."""
    package = folder / f"translate-{source}_{target}-1.0"
    (package / "model").mkdir(parents=True)
    metadata = {"package_version": "1.0", "from_code": source, "to_code": target, "target_prefix": ""}
    (package / "metadata.json").write_text(json.dumps(metadata), "utf-8")
    pieces = _pieces(texts)
    (package / "sentencepiece.model").write_bytes(_tokenizer(pieces))
    spec = _model(pieces)
    spec.optimize(quantization="int8")
    spec.save(str(package / "model"))
    return package


def _pieces(texts: Iterable[str]) -> list[str]:
    words = Counter(word for text in texts for word in text.split())
    known = [f"▁{word}" for word, _ in words.most_common(len(words) // 2)]
    letters = sorted({c for word in words for c in word} | {"▁"})
    pairs = [a + b for a in letters for b in letters if a.isalpha() and b.isalpha() and b.islower()]
    pieces = list(dict.fromkeys(["<unk>", "<s>", "</s>", *letters, *pairs, *known]))
    return [*pieces, *(f"▁w{i}" for i in range(PIECES - len(pieces)))]


def _tokenizer(pieces: list[str]) -> bytes:
    model = proto.ModelProto()
    kinds = {"<unk>": 2, "<s>": 3, "</s>": 3}
    for piece in pieces:
        model.pieces.add(piece=piece, score=-12.0 + min(len(piece), 10), type=kinds.get(piece, 1))
    model.trainer_spec.model_type = 1
    model.trainer_spec.vocab_size = len(pieces)
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = True
    model.normalizer_spec.escape_whitespaces = True
    return bytes(model.SerializeToString())


def _model(pieces: list[str]) -> TransformerSpec:
    spec = TransformerSpec.from_config((LAYERS, LAYERS), HEADS)
    random = np.random.default_rng(1)

    def fill(layer: object, path: str, value: object) -> None:
        if value is None:
            setattr(layer, path.split("/")[-1], _weight(path, random))

    model_spec.visit_spec(spec, fill)
    end = pieces.index("</s>")
    spec.decoder.position_encodings.encodings = _positions(random)
    spec.decoder.projection.weight[end] = 0
    spec.decoder.projection.weight[end, _END_WIDTH] = 10.0
    spec.decoder.projection.bias = np.zeros(PIECES, np.float32)
    spec.decoder.projection.bias[end] = -50.0
    spec.register_source_vocabulary(pieces)
    spec.register_target_vocabulary(pieces)
    spec.validate()
    return spec


def _positions(random: np.random.Generator) -> np.ndarray:
    encoding = random.normal(0, 0.1, (POSITIONS, WIDTH)).astype(np.float32)
    encoding[:, _END_WIDTH] = 0
    encoding[LENGTH:, _END_WIDTH] = 1000.0
    return encoding


def _weight(path: str, random: np.random.Generator) -> np.ndarray:
    """Nothing but the position writes to the dimension of the end."""
    if path.endswith(("gamma", "beta")):
        return np.full(WIDTH, float(path.endswith("gamma")), np.float32)
    rows, columns = _shape(path)
    weight = random.normal(0, columns**-0.5, (rows, columns)).astype(np.float32)
    if "embeddings" in path or "projection" in path:
        weight[:, _END_WIDTH] = 0
    elif rows == WIDTH:
        weight[_END_WIDTH] = 0
    return weight


def _shape(path: str) -> tuple[int, int]:
    if "embeddings" in path or "projection" in path:
        return PIECES, WIDTH
    if "ffn" in path:
        return (4 * WIDTH, WIDTH) if "linear_0" in path else (WIDTH, 4 * WIDTH)
    if "self_attention/linear_0" in path:
        return 3 * WIDTH, WIDTH
    if "/attention/linear_1" in path:
        return 2 * WIDTH, WIDTH
    return WIDTH, WIDTH
