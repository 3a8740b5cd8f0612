"""The trained weights as an Argos package: CTranslate2 in int8, a tokenizer, metadata; one zip."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import sentencepiece as spm
from ctranslate2.specs import TransformerSpec
from ctranslate2.specs.model_spec import LayerSpec
from torch import Tensor, nn

from tools.sample_models.model import Transformer

VERSION = "1.0"
ARGOS_VERSION = "1.9.0"
NAMES = {"en": "English", "it": "Italian", "ja": "Japanese", "ru": "Russian", "zh": "Chinese"}
README = """\
# {from_name} to {to_name}, sample model

{description}

Licence: Apache-2.0.
"""
DESCRIPTION = (
    "A sample model of the press-release wire for science, trained in minutes on its phrasebook. "
    "It knows the sample edition and little else: try the wire with it, "
    "and take a real Argos Translate package for real articles."
)


def write_package(model: Transformer, tokenizer: bytes, pair: tuple[str, str], work: Path, out: Path) -> Path:
    """Write `translate-xx_yy.argosmodel` into `out`, its content first into the folder `work`."""
    folder = work / f"translate-{pair[0]}_{pair[1]}-{VERSION.replace('.', '_')}"
    write_model(model, tokenizer, folder / "model")
    (folder / "sentencepiece.model").write_bytes(tokenizer)
    metadata = describe(pair)
    (folder / "metadata.json").write_text(json.dumps(metadata, indent=2) + "\n", "utf-8")
    (folder / "README.md").write_text(README.format(**metadata), "utf-8")
    return pack(folder, out / f"translate-{pair[0]}_{pair[1]}.argosmodel")


def describe(pair: tuple[str, str]) -> dict[str, object]:
    return {
        "package_version": VERSION,
        "argos_version": ARGOS_VERSION,
        "from_code": pair[0],
        "from_name": NAMES[pair[0]],
        "to_code": pair[1],
        "to_name": NAMES[pair[1]],
        "sample": True,
        "description": DESCRIPTION,
        "license": "Apache-2.0",
    }


def pack(folder: Path, archive: Path) -> Path:
    """Zip a folder. The same content gives the same bytes."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix())
                entry.external_attr = 0o644 << 16
                file.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive


def write_model(model: Transformer, tokenizer: bytes, folder: Path, quantization: str = "int8") -> None:
    """A CTranslate2 model without end mark on the source, as Argos packages have it."""
    spec = specification(model)
    processor = spm.SentencePieceProcessor(model_proto=tokenizer)
    spec.register_source_vocabulary(vocabulary(processor))
    spec.register_target_vocabulary(vocabulary(processor))
    spec.validate()
    spec.optimize(quantization=quantization)
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))


def vocabulary(processor: spm.SentencePieceProcessor) -> list[str]:
    return [processor.id_to_piece(number) for number in range(processor.get_piece_size())]


def specification(model: Transformer) -> TransformerSpec:
    """Alignment: CTranslate2's default, the first head of the last layer, is the head that was guided."""
    shape = model.shape
    spec = TransformerSpec.from_config((shape.encoder_layers, shape.decoder_layers), shape.heads)
    spec.encoder.embeddings[0].weight = array(model.embeddings.weight)
    spec.decoder.embeddings.weight = array(model.embeddings.weight)
    spec.decoder.projection.weight = array(model.embeddings.weight)
    spec.decoder.projection.bias = array(model.projection_bias)
    copy(model.encoder_norm, spec.encoder.layer_norm)
    copy(model.decoder_norm, spec.decoder.layer_norm)
    for layers, specs in ((model.encoder, spec.encoder.layer), (model.decoder, spec.decoder.layer)):
        for layer, layer_spec in zip(layers, specs, strict=True):
            copy(layer, layer_spec)
    return spec


def copy(module: nn.Module, spec: LayerSpec) -> None:
    """The weights of a module and of the modules in it: the specification has the same names."""
    if isinstance(module, nn.LayerNorm):
        spec.gamma, spec.beta = array(module.weight), array(module.bias)
    elif isinstance(module, nn.Linear):
        spec.weight, spec.bias = array(module.weight), array(module.bias)
    elif isinstance(module, nn.ModuleList):
        for part, part_spec in zip(module, spec, strict=True):
            copy(part, part_spec)
    else:
        for name, part in module.named_children():
            if not isinstance(part, nn.Dropout):
                copy(part, getattr(spec, name))


def array(weight: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    values: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = weight.detach().numpy().copy()
    return values
