"""How numbers are written in words, language by language.

A stem stands for all words that begin with it, the longest one decides; with `=` it is the whole word, with
`*` it multiplies what stands before it (two *decades*). Wrong friends ("sixth" in "sixthly") do no harm:
words only ever excuse a number that would else be missed.
"""

from __future__ import annotations

from collections.abc import Mapping


def _table(text: str) -> dict[str, float]:
    """`3 three third` → {"three": 3, "third": 3}"""
    lines = [line.split() for line in text.strip().splitlines()]
    return {word: float(value) for value, *words in lines for word in words}


STEMS: Mapping[str, Mapping[str, float]] = {
    "en": _table("""
        0 zero nil= none
        1 one= once= first single sole
        2 two twice second= doubl both pair couple twin dual biennial
        3 three third= thirds= thrice tripl trio triennial
        4 four quadr quart= quarter
        5 five fifth= fifths= quintu
        6 six sixth hexa
        7 seven seventh
        8 eight
        9 nine ninth
        10 ten= tenth tenfold tens= *decade
        11 eleven
        12 twelve twelf dozen
        13 thirteen
        14 fourteen fortnight
        15 fifteen
        16 sixteen
        17 seventeen
        18 eighteen
        19 nineteen
        20 twent
        30 thirty thirties thirtiet
        40 forty forties
        50 fifty fifties fiftie
        60 sixty sixties sixtiet
        70 seventy seventies seventiet
        80 eighty eighties eightiet
        90 ninety nineties ninetiet
        0.5 half= halves= halv
        100 *hundred *centur
        1e3 *thousand *millenn
        1e6 *million
        1e9 *billion
        1e12 *trillion
    """),
    "ru": _table("""
        0 нол нул
        1 один= одна= одно= одну= одного одной одном одним перв единств однаж
        2 два= две= двух двум двое двой двоя второ вторы втора втору вдвое дважд обе= оба= пара= пару= удво
        3 три= трех трёх трем= трём тремя трое трой трет втрое трижд утро трехк
        4 четыр четвер четверт вчетвер
        5 пять= пяти пятью пятый пято пята пяты пяту впятеро
        6 шесть= шести шестью шестой шесто шеста шесты вшестеро
        7 семь= семи семью седьм всемеро
        8 восемь= восьм
        9 девять= девяти девятью девято девяты девята
        10 десят вдесятер *десятилет *декад
        11 одиннадцат
        12 двенадцат дюжин
        13 тринадцат
        14 четырнадцат
        15 пятнадцат
        16 шестнадцат
        17 семнадцат
        18 восемнадцат
        19 девятнадцат
        20 двадцат
        30 тридцат
        40 сорок
        50 пятьдесят пятидесят
        60 шестьдесят шестидесят
        70 семьдесят семидесят
        80 восемьдесят восьмидесят
        90 девяност
        0.5 половин полов= пол=
        1.5 полтор полутор
        100 сто= ста= сотн сотый сотых *столет *век
        200 двести двухсот
        300 триста трёхсот трехсот
        400 четыреста четырёхсот четырехсот
        500 пятьсот пятисот
        600 шестьсот шестисот
        700 семьсот
        800 восемьсот
        900 девятьсот
        1e3 *тысяч *тыс= *тысячелет
        1e6 *миллион *млн=
        5e5 полмиллион
        1e9 *миллиард *млрд=
        1e12 *триллион *трлн=
    """),
    "it": _table("""
        0 zero
        1 un= uno= una= prim singol unic
        2 due= second= seconda= secondo= secondi= doppi due raddopp entramb coppia duplic bienn bimestr
        3 tre= tré= terz tripl trienn trimest
        4 quattro quart quadr
        5 cinque quint quinquenn
        6 sei= sest
        7 sette settim=
        8 otto ottav
        9 nove= non= nono= nona=
        10 dieci decim diec *decenni decin
        11 undic
        12 dodic dozzin
        13 tredic
        14 quattordic
        15 quindic
        16 sedic
        17 diciassett
        18 diciott
        19 diciannov
        20 vent vént
        30 trent
        40 quarant
        50 cinquant
        60 sessant
        70 settant
        80 ottant
        90 novant
        0.5 metà mezz dimezz
        100 cent centinai *secol
        200 duecent
        300 trecent
        400 quattrocent
        500 cinquecent
        600 seicent
        700 settecent
        800 ottocent
        900 novecent
        1e3 mille= *mila= migliai millesim *millenn
        2e3 duemila
        3e3 tremila
        4e3 quattromila
        5e3 cinquemila
        1e4 diecimila
        1e5 centomila
        1e6 *milion
        1e9 *miliard
        1e12 *bilion
    """),
    "de": _table("""
        0 null
        1 ein= eine= eins= einen= einem= einer= eines= erst einzig einmal
        2 zwei zweit beid doppel verdoppel paar=
        3 drei dritt
        4 vier
        5 fünf
        6 sechs
        7 sieb
        8 acht
        9 neun
        10 zehn *jahrzehnt dekade
        11 elf
        12 zwölf dutzend
        13 dreizehn
        14 vierzehn
        15 fünfzehn
        16 sechzehn
        17 siebzehn
        18 achtzehn
        19 neunzehn
        20 zwanzig
        21 einundzwanzig
        30 dreißig
        40 vierzig
        50 fünfzig
        60 sechzig
        70 siebzig
        80 achtzig
        90 neunzig
        0.5 halb hälft
        1.5 anderthalb eineinhalb
        100 *hundert *jahrhundert einhundert
        200 zweihundert
        300 dreihundert
        500 fünfhundert
        1e3 *tausend *jahrtausend eintausend
        2e3 zweitausend
        1e4 zehntausend
        1e6 *million *mio=
        1e9 *milliarde *mrd=
        1e12 *billion
    """),
    "fr": _table("""
        0 zéro nul=
        1 un= une= premi seul uni=
        2 deux second doubl bienn
        3 trois tiers tripl trienn
        4 quatr quart quadr
        5 cinq quinqu
        6 six= sixi
        7 sept= septi
        8 huit
        9 neuf= neuvi
        10 dix= dixi dizain *décenni
        11 onz
        12 douz
        13 treiz
        14 quatorz
        15 quinz
        16 seiz
        20 vingt
        30 trent
        40 quarant
        50 cinquant
        60 soixant
        80 octant
        0.5 moitié demi
        100 cent= cents= centaine centi *siècle
        1e3 *mille= *milliers= *millénair
        1e6 *million
        1e9 *milliard
        1e12 *billion
    """),
    "es": _table("""
        0 cero
        1 un= uno= una= primer únic sol= sola=
        2 dos= segund doble duplic ambos= ambas= par= bienal
        3 tres= tercer tercio tripl trienal trimestr
        4 cuatro cuart cuadr
        5 cinco= quint quinquen
        6 seis= sext
        7 siete= séptim
        8 ocho= octav
        9 nueve= noven
        10 diez= décim decen *década *decenio
        11 once= undécim
        12 doce= docen duodécim
        13 trece
        14 catorce
        15 quince
        16 dieciséis
        17 diecisiete
        18 dieciocho
        19 diecinueve
        20 veint vigésim
        21 veintiun veintiún
        22 veintidós
        23 veintitrés
        24 veinticuatro
        25 veinticinco
        30 treint
        40 cuarent
        50 cincuent
        60 sesent
        70 setent
        80 ochent
        90 novent
        0.5 mitad medi
        100 cien= ciento centen *siglo
        200 doscient
        300 trescient
        500 quinient
        1e3 *mil= *miles= milenio
        1e6 *millón= *millon
        1e12 *billón= *billon
    """),
    "ar": _table("""
        0 صفر
        1 واحد أول أولى
        2 اثن إثن ثان مرتين ضعف كلا
        3 ثلاث ثالث ثلث
        4 أربع رابع ربع
        5 خمس خامس
        6 ست= ستة سادس
        7 سبع سابع أسبوع
        8 ثمان ثامن
        9 تسع تاسع
        10 عشر عاشر *عقود عقد=
        20 عشرون عشرين
        30 ثلاثون ثلاثين
        40 أربعون أربعين
        50 خمسون خمسين
        60 ستون ستين
        70 سبعون سبعين
        80 ثمانون ثمانين
        90 تسعون تسعين
        0.5 نصف
        100 *مئة *مائة مئات *قرن *قرون
        200 مئتا مئتي مائتي
        1e3 *ألف *آلاف *الاف
        1e6 *مليون *ملايين
        2e6 مليونا مليوني
        1e9 *مليار
        1e12 *تريليون
    """),
}  # fmt: skip

FIRM = {
    "en": "three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety",
    "ru": "три трех трёх трем трём тремя четыре четырех четырёх четырем четырьмя пять пяти пятью шесть шести"
    " шестью семь восемь восьми девять девяти десять десяти одиннадцать одиннадцати двенадцать двенадцати"
    " тринадцать четырнадцать пятнадцать пятнадцати шестнадцать семнадцать восемнадцать девятнадцать двадцать"
    " двадцати тридцать тридцати сорок сорока пятьдесят пятидесяти шестьдесят семьдесят восемьдесят"
    " девяносто",
    "it": "tre quattro cinque sette otto nove dieci undici dodici tredici quattordici quindici sedici"
    " diciassette diciotto diciannove venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "de": "drei vier fünf sechs neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn"
    " neunzehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "fr": "trois quatre cinq six sept huit dix onze douze treize quatorze quinze seize vingt trente quarante"
    " cinquante soixante",
    "es": "tres cuatro cinco seis siete ocho nueve diez doce trece catorce quince dieciséis diecisiete"
    " dieciocho veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
}
"""Words that are a number and nothing else: each must be in the translation, in whatever form."""
FIRM_WORDS = {language: frozenset(words.split()) for language, words in FIRM.items()}

MONTHS: Mapping[str, Mapping[str, float]] = {
    language: {stem: i for i, stems in enumerate(text.split(), 1) for stem in stems.split("|")}
    for language, text in {
        "en": "januar|jan= februar|feb= march|mar= april|apr= may= june|jun= july|jul= august|aug="
        " septem|sep=|sept= octob|oct= novem|nov= decem|dec=",
        "ru": "январ феврал март апрел май=|мая=|мае= июн июл август сентябр октябр ноябр декабр",
        "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "de": "januar|jänner februar märz april mai= juni= juli= august septem oktober novem dezem",
        "fr": "janvier février mars= avril mai= juin= juillet août septembre octobre novembre décembre",
        "es": "enero febrero marzo abril mayo junio julio agosto septiembre|setiembre octubre noviembre"
        " diciembre",
        "ar": "يناير فبراير مارس أبريل|إبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    }.items()
}

SCALES = {
    "en": (("thousand", 1e3), (r"millions?|mn\b", 1e6), (r"billions?|bn\b", 1e9), (r"trillions?|tn\b", 1e12)),
    "ru": ((r"тысяч\w*|тыс\b\.?", 1e3), (r"миллион\w*|млн\b\.?", 1e6), (r"миллиард\w*|млрд\b\.?", 1e9),
           (r"триллион\w*|трлн\b\.?", 1e12)),
    "it": ((r"mila\b|migliaia|mille\b", 1e3), (r"milion[ei]|mln\b\.?", 1e6), (r"miliard[oi]|mld\b\.?", 1e9),
           (r"bilion[ei]|trilion[ei]", 1e12)),
    "de": ((r"tausend|tsd\b\.?", 1e3), (r"million(?:en)?|mio\b\.?", 1e6), (r"milliarden?|mrd\b\.?", 1e9),
           (r"billion(?:en)?|bio\b\.?", 1e12)),
    "fr": ((r"mille\b|milliers", 1e3), (r"millions?\b", 1e6), (r"milliards?|mds?\b", 1e9),
           (r"billions?", 1e12)),
    "es": ((r"mil\b|miles\b", 1e3), (r"mill[oó]n(?:es)?", 1e6), (r"bill[oó]n(?:es)?", 1e12)),
    "ar": ((r"ألفا?|آلاف", 1e3), (r"مليونا?|ملايين", 1e6), (r"مليارا?(?:ات)?", 1e9),
           (r"تريليون(?:ات)?", 1e12)),
}  # fmt: skip
"""What may stand behind digits and multiplies them."""

POINT = {"en": ".", "zh": ".", "ja": ".", "ko": ".", "ru": ",", "it": ",", "de": ",", "fr": ",", "es": ","}
"""The decimal mark; where none is told, both are."""

IDEOGRAPHS = {
    c: i
    for i, cs in enumerate(("〇零", "一", "二两兩", "三", "四", "五", "六", "七", "八", "九"))
    for c in cs
}
MULTIPLES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "만": 10**4, "亿": 10**8, "億": 10**8,
             "억": 10**8, "兆": 10**12, "조": 10**12}  # fmt: skip
CJK_HINTS: Mapping[str, tuple[float, ...]] = {
    "半": (0.5, 50), "双": (2,), "倍": (2,), "両": (2,), "兩": (2,), "ダブル": (2,), "トリプル": (3,),
    "ダース": (12,), "ゼロ": (0,), "ひとつ": (1,), "ふたつ": (2,), "世纪": (100,), "世紀": (100,),
}  # fmt: skip

KNOWN = frozenset(STEMS) | {"zh", "ja"}
"""Languages in which we can read numbers in words."""
