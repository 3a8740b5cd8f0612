"""The most frequent small words of some languages, by which a short sentence can be told."""

from __future__ import annotations

_WORDS = {
    "en": "the of and to in is are was were for with that this by from on it has have been which their"
    " not as at be will can an or",
    "de": "der die das und ist sind war wurde wurden für mit dass von auf nicht ein eine den dem des zu"
    " im wird sich auch als hat haben bei nach einer einem einen wie oder aber über um noch nur"
    " sie er es ihre wir in an am will so her",
    "fr": "le la les des du et est sont une un dans pour que qui avec par sur au aux ce cette ont été"
    " plus ne pas il elle d l à en leur leurs nous vous mais ou où aussi comme sans sous après"
    " très deux ses son sa ces était depuis selon a on or",
    "es": "el la los las del y es son una un en para que con por se fue han ha más no su al como este"
    " esta sus pero o sin sobre también entre desde hasta muy cuando ya lo le les fueron a",
    "it": "il lo la gli le del della dei delle di e è sono una un nel nella per che con da si ha hanno"
    " più non al alla i dal come questo l dell sul sulla dalla dai agli alle ai nei nelle negli"
    " loro anche ma o tra fra dopo suo sua suoi questa stato stata in a",
    "pt": "o os as um uma de da do das dos em no na nos nas e é são com para por que não se foi mais ao"
    " à pela pelo como também a",
    "nl": "de het een en van in is zijn was werd voor met dat die op te niet aan bij als ook om door"
    " naar uit over worden wordt of as was",
    "ru": "и в на не что с по из для к от это как было были был его их а но при также о у за до или"
    " который которые",
    "uk": "і в на не що з та для до від це як було були його їх а але при також про у за або який які",
}
COMMON = {tag: frozenset(words.split()) for tag, words in _WORDS.items()}
"""What two languages have in common tells nothing between them."""
