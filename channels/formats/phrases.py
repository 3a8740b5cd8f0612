"""The few words that we ourselves add to a story, in its language; and how that language is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

RIGHT_TO_LEFT = {"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"}
RIGHT_TO_LEFT_SCRIPTS = {"Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg"}
UNSPACED = {"zh", "ja", "th", "lo", "km", "my"}


PLACES = ("headline", "summary", "text", "pictures", "documents", "details", "translation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """`language` is that of the phrases, which may be another than the story's."""

    language: str
    original: str
    machine: str
    edited: str
    withdrawn: str
    corrected: str
    refiled: str
    places: tuple[str, ...]
    """What a correction may be in, as PLACES names it."""

    def changed(self, places: Iterable[str], *, small: bool) -> str:
        """`Corrected: headline, text`."""
        names = dict(zip(PLACES, self.places, strict=True))
        told = [names[place] for place in places if place in names]
        spaced = is_spaced(self.language)
        comma, colon = (", ", ": ") if spaced else ("、", "：")
        if self.language == "fr":
            colon = "\u00a0: "
        return f"{self.refiled if small else self.corrected}{colon}{comma.join(told)}"


PHRASES = {
    phrases.language: phrases
    for phrases in (
        Phrases(
            language="en",
            original="Original article",
            machine="This text was translated by a machine.",
            edited="This text was translated by a machine and edited by a person.",
            withdrawn="Withdrawn",
            corrected="Corrected",
            refiled="Refiled",
            places=("headline", "summary", "text", "pictures", "documents", "details", "translation"),
        ),
        Phrases(
            language="ru",
            original="Оригинал статьи",
            machine="Этот текст переведён машиной.",
            edited="Этот текст переведён машиной и отредактирован человеком.",
            withdrawn="Материал отозван",
            corrected="Исправлено",
            refiled="Обновлено",
            places=("заголовок", "аннотация", "текст", "иллюстрации", "документы", "сведения", "перевод"),
        ),
        Phrases(
            language="zh",
            original="原文",
            machine="本文由机器翻译。",
            edited="本文由机器翻译并经人工编辑。",
            withdrawn="已撤回",
            corrected="更正",
            refiled="更新",
            places=("标题", "摘要", "正文", "图片", "文件", "说明", "译文"),
        ),
        Phrases(
            language="zh-Hant",
            original="原文",
            machine="本文由機器翻譯。",
            edited="本文由機器翻譯並經人工編輯。",
            withdrawn="已撤回",
            corrected="更正",
            refiled="更新",
            places=("標題", "摘要", "正文", "圖片", "文件", "說明", "譯文"),
        ),
        Phrases(
            language="ja",
            original="元の記事",
            machine="この記事は機械翻訳です。",
            edited="この記事は機械翻訳を人が編集したものです。",
            withdrawn="取り下げ",
            corrected="訂正",
            refiled="更新",
            places=("見出し", "要約", "本文", "写真", "資料", "付随情報", "翻訳"),
        ),
        Phrases(
            language="it",
            original="Articolo originale",
            machine="Questo testo è stato tradotto automaticamente.",
            edited="Questo testo è stato tradotto automaticamente e rivisto da una persona.",
            withdrawn="Ritirato",
            corrected="Corretto",
            refiled="Aggiornato",
            places=("titolo", "sommario", "testo", "immagini", "documenti", "dettagli", "traduzione"),
        ),
        Phrases(
            language="de",
            original="Originalartikel",
            machine="Dieser Text wurde maschinell übersetzt.",
            edited="Dieser Text wurde maschinell übersetzt und von einem Menschen bearbeitet.",
            withdrawn="Zurückgezogen",
            corrected="Korrigiert",
            refiled="Aktualisiert",
            places=(
                "Überschrift",
                "Zusammenfassung",
                "Text",
                "Bilder",
                "Dokumente",
                "Angaben",
                "Übersetzung",
            ),
        ),
        Phrases(
            language="fr",
            original="Article original",
            machine="Ce texte a été traduit automatiquement.",
            edited="Ce texte a été traduit automatiquement et relu par une personne.",
            withdrawn="Retiré",
            corrected="Corrigé",
            refiled="Mis à jour",
            places=("titre", "résumé", "texte", "images", "documents", "précisions", "traduction"),
        ),
        Phrases(
            language="es",
            original="Artículo original",
            machine="Este texto ha sido traducido automáticamente.",
            edited="Este texto ha sido traducido automáticamente y editado por una persona.",
            withdrawn="Retirado",
            corrected="Corregido",
            refiled="Actualizado",
            places=("titular", "resumen", "texto", "imágenes", "documentos", "detalles", "traducción"),
        ),
    )
}


def phrases_for(language: str) -> Phrases:
    """In `language` (BCP 47) or the nearest that there is: `de-AT` → de, `zh-TW` → zh-Hant; else English."""
    primary, *rest = language.split("-")
    if primary == "zh" and {"Hant", "TW", "HK", "MO"} & set(rest):
        return PHRASES["zh-Hant"]
    return PHRASES.get(primary) or PHRASES["en"]


def direction(language: str) -> str:
    """`rtl` or `ltr`: by the script subtag where there is one, else by the language's usual script."""
    primary, *rest = language.split("-")
    scripts = {subtag for subtag in rest if len(subtag) == 4 and subtag.isalpha()}
    rtl = scripts & RIGHT_TO_LEFT_SCRIPTS if scripts else primary in RIGHT_TO_LEFT
    return "rtl" if rtl else "ltr"


def is_spaced(language: str) -> bool:
    """Whether there are spaces between words, where lines can be broken and words counted."""
    return language.partition("-")[0] not in UNSPACED
