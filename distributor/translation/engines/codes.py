"""Language codes at the engine's own door: Argos has some of its own where BCP 47 adds script or region."""

from __future__ import annotations

from distributor import bcp47

_OURS = {"zh": "zh-Hans", "zt": "zh-Hant", "pb": "pt-BR", "zh_hant": "zh-Hant", "zh_hans": "zh-Hans"}
_SAME = (("nb", "no"), ("fil", "tl"), ("he", "iw"), ("id", "in"))


def to_bcp47(code: str) -> str:
    """What an Argos package calls a language, as the rest of the house does: `zt` → `zh-Hant`."""
    return _OURS.get(code.lower(), code.replace("_", "-"))


def to_argos(tag: str) -> tuple[str, ...]:
    """The codes under which Argos may have a language, the closest first; none for what is no language tag.

    Chinese is written in two scripts, neither of which stands in for the other; Brazilian and European
    Portuguese do, if the closer one is missing.
    """
    try:
        language, script = bcp47.written(tag)
        region = bcp47.parts(tag)[2]
    except ValueError:
        return ()
    if language == "zh":
        return ("zt", "zh_hant") if script == "Hant" else ("zh", "zh_hans")
    if language == "pt":
        return ("pb", "pt") if region == "BR" else ("pt", "pb")
    twins = (pair for pair in _SAME if language in pair)
    return (language, *(other for pair in twins for other in pair if other != language))
