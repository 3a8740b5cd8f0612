"""The units of measure of science news: how each is written, language by language.

A line is a dimension, the factor that leads to its first unit, and a pattern; of lines that match, the first
counts. What stands under no language is a symbol and holds in all of them.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Unit(NamedTuple):
    """`factor` leads to the first unit of its dimension."""

    dimension: str
    factor: float


def _table(text: str) -> dict[Unit, str]:
    found = re.findall(r"^\s*(\w+) (\S+) +(.+?)\s*$", text, re.MULTILINE)
    return {Unit(dimension, float(factor)): pattern for dimension, factor, pattern in found}


UNITS = {
    "": _table(r"""
        area 1e6            km²|км²
        area 1              m²|м²
        area 1e-4           cm²|см²
        volume 1e12         km³|км³
        volume 1000         m³|м³
        volume 1e-3         cm³|см³
        energy 1            kWh
        energy 1e3          MWh
        energy 1e6          GWh
        energy 1e9          TWh
        area 1e4            ha
        volume 1            [Ll](?!\w|')
        volume 0.001        m[Ll]
        celsius 1           ° ?C|deg C
        fahrenheit 1        ° ?F|deg F
        share 1             %
        share 0.1           ‰
        length 1e-9         nm
        length 1e-6         [µμ]m
        length 1e-3         mm
        length 1e-2         cm
        length 1            m
        length 1e3          km
        length 1609.344     mi(?!\.)|mph
        length 0.3048       ft
        length 9.461e15     ly
        mass 1e-9           [µμ]g
        mass 1e-6           mg
        mass 1e-3           g
        mass 1              kg
        mass 1e3            t
        mass 1e9            Mt
        mass 1e12           Gt
        mass 0.4536         lbs?
        mass 0.02835        oz
        degree 1            °
        time 1e-3           ms
        time 60             min(?!\w)
        time 3600           h(?!\w)
        power 1             W
        power 1e3           kW
        power 1e6           MW
        power 1e9           GW
        dollar 1            USD
        euro 1              €|EUR
        pound 1             £|GBP
        yen 1               JPY
        yuan 1              RMB|CNY
        rouble 1            ₽|RUB
    """),
    "en": _table(r"""
        energy 1            kilowatt-? ?hours?
        energy 1e3          megawatt-? ?hours?
        energy 1e6          gigawatt-? ?hours?
        energy 1e9          terawatt-? ?hours?
        area 1e6            square[ -]kilomet(?:er|re)s?|sq\.? km
        area 1              square[ -]met(?:er|re)s?
        area 2589988        square[ -]miles?
        area 1e4            hectares?
        area 4046.86        acres?
        volume 1000         cubic[ -]met(?:er|re)s?
        volume 1e12         cubic[ -]kilomet(?:er|re)s?
        volume 1            lit(?:er|re)s?
        volume 0.001        millilit(?:er|re)s?
        volume 3.785        gallons?
        volume 158.987      barrels?
        celsius 1           (?:degrees? )?celsius|degrees? centigrade
        fahrenheit 1        (?:degrees? )?fahrenheit
        share 1             per ?cents?|percentages?(?: points?)?
        share 0.1           per ?mille?
        length 1e-9         nanomet(?:er|re)s?
        length 1e-6         micromet(?:er|re)s?|microns?
        length 1e-3         millimet(?:er|re)s?
        length 1e-2         centimet(?:er|re)s?
        length 1            met(?:er|re)s?
        length 1e3          kilomet(?:er|re)s?
        length 1609.344     miles?
        length 0.3048       feet|foot
        length 0.0254       inch(?:es)?
        length 9.461e15     light-?years?
        mass 1e-9           micrograms?
        mass 1e-6           milligrams?
        mass 1e-3           grams?|grammes?
        mass 1              kilograms?|kilogrammes?|kilos?
        mass 1e3            tonnes?|tons?|metric tons?
        mass 1e9            megatonn?e?s?
        mass 1e12           gigatonn?e?s?
        mass 0.4536         pounds? of|pounds?(?! sterling)
        mass 0.02835        ounces?
        degree 1            degrees?
        kelvin 1            kelvins?
        time 1e-3           milliseconds?
        time 1              seconds?
        time 60             minutes?|min
        time 3600           hours?|hrs?
        time 86400          days?
        time 604800         weeks?
        time 2629800        months?
        time 31557600       years?|yrs?
        power 1             watts?
        power 1e3           kilowatts?
        power 1e6           megawatts?
        power 1e9           gigawatts?
        dollar 1            (?:us )?dollars?
        euro 1              euros?
        pound 1             pounds? sterling
        yen 1               yen
        yuan 1              yuan
        rouble 1            r(?:o)?ubles?
    """),
    "ru": _table(r"""
        energy 1            киловатт-? ?час\w*|кВт·?-? ?ч
        energy 1e3          мегаватт-? ?час\w*|МВт·?-? ?ч
        energy 1e6          гигаватт-? ?час\w*|ГВт·?-? ?ч
        energy 1e9          тераватт-? ?час\w*|ТВт·?-? ?ч
        area 1e6            квадратн\w+ километр\w*|кв\.? ?км
        area 1              квадратн\w+ метр\w*|кв\.? ?м
        area 2589988        квадратн\w+ мил\w+
        area 1e4            гектар\w*|га
        area 4046.86        акр\w*
        volume 1000         кубическ\w+ метр\w*|кубометр\w*|куб\.? ?м
        volume 1e12         кубическ\w+ километр\w*
        volume 1            литр\w*|л
        volume 0.001        миллилитр\w*|мл
        volume 3.785        галлон\w*
        volume 158.987      баррел\w*
        celsius 1           (?:градус\w* )?(?:по )?(?:шкале )?цельси\w*|° ?С
        fahrenheit 1        (?:градус\w* )?(?:по )?(?:шкале )?фаренгейт\w*
        share 1             процент\w*|п\. ?п\.
        share 0.1           промилле
        length 1e-9         нанометр\w*|нм
        length 1e-6         микрометр\w*|микрон\w*|мкм
        length 1e-3         миллиметр\w*|мм
        length 1e-2         сантиметр\w*|см
        length 1            метр\w*|м
        length 1e3          километр\w*|км
        length 1609.344     мил[ьиея]\w{0,2}
        length 0.3048       фут\w*
        length 0.0254       дюйм\w*
        length 9.461e15     светов\w+ (?:год\w*|лет)
        mass 1e-9           микрограмм\w*|мкг
        mass 1e-6           миллиграмм\w*|мг
        mass 1e-3           грамм\w*|г(?!\.)
        mass 1              килограмм\w*|кг
        mass 1e3            тонн\w*|т
        mass 1e9            мегатонн\w*|Мт
        mass 1e12           гигатонн\w*|Гт
        mass 0.4536         фунт\w*(?! стерл)
        mass 0.02835        унци\w*
        degree 1            градус\w*
        kelvin 1            кельвин\w*
        time 1e-3           миллисекунд\w*|мс
        time 1              секунд\w*
        time 60             минут\w*|мин
        time 3600           час(?:а|ов|ам|ы)?|ч(?!\.)
        time 86400          дн(?:я|ей|ям|ями|ях|и)|день|дневн\w*
        time 604800         недел\w*
        time 2629800        месяц\w*|месячн\w*
        time 31557600       год(?:а|ов|у)?|лет|летн\w+
        power 1             ватт\w*|Вт
        power 1e3           киловатт\w*|кВт
        power 1e6           мегаватт\w*|МВт
        power 1e9           гигаватт\w*|ГВт
        dollar 1            доллар\w*|долл\.
        euro 1              евро(?!п)
        pound 1             фунт\w* стерл\w*
        yen 1               иен\w*|йен\w*
        yuan 1              юан\w*
        rouble 1            рубл\w*|руб\.
    """),
    "it": _table(r"""
        energy 1            chilowattora
        energy 1e3          megawattora
        energy 1e6          gigawattora
        energy 1e9          terawattora
        area 1e6            chilometr[oi] quadrat[oi]
        area 1              metr[oi] quadrat[oi]
        area 2589988        miglia quadrate
        area 1e4            ettar[oi]
        area 4046.86        acr[oi]
        volume 1000         metr[oi] cub[oi]|metri cubi
        volume 1e12         chilometr[oi] cub[oi]|chilometri cubi
        volume 1            litr[oi]
        volume 0.001        millilitr[oi]
        volume 3.785        gallon[ei]
        volume 158.987      baril[ei]
        celsius 1           (?:grad[oi] )?(?:celsius|centigrad[oi])
        fahrenheit 1        (?:grad[oi] )?fahrenheit
        share 1             per ?cento|punt[oi] percentual[ei]
        share 0.1           per ?mille
        length 1e-9         nanometr[oi]
        length 1e-6         micrometr[oi]|micron
        length 1e-3         millimetr[oi]
        length 1e-2         centimetr[oi]
        length 1            metr[oi]
        length 1e3          chilometr[oi]
        length 1609.344     miglia|miglio
        length 0.3048       pied[ei]
        length 0.0254       pollic[ei]
        length 9.461e15     anni luce|anno luce
        mass 1e-9           microgramm[oi]
        mass 1e-6           milligramm[oi]
        mass 1e-3           gramm[oi]
        mass 1              chilogramm[oi]|chil[oi]
        mass 1e3            tonnellat[ea]
        mass 1e9            megatonnellat[ea]
        mass 1e12           gigatonnellat[ea]
        mass 0.4536         libbr[ea]
        mass 0.02835        onc[ei]a?
        degree 1            grad[oi]
        kelvin 1            kelvin
        time 1e-3           millisecond[oi]
        time 1              second[oi]
        time 60             minut[oi]
        time 3600           or[ea]
        time 86400          giorn[oi]
        time 604800         settiman[ea]
        time 2629800        mes[ei]
        time 31557600       ann[oi](?! luce)
        power 1             watt
        power 1e3           chilowatt|kilowatt
        power 1e6           megawatt
        power 1e9           gigawatt
        dollar 1            dollar[oi]
        euro 1              euro(?!p)
        pound 1             sterline?a?
        yen 1               yen
        yuan 1              yuan
        rouble 1            rubl[oi]
    """),
    "de": _table(r"""
        energy 1            kilowattstunden?
        energy 1e3          megawattstunden?
        energy 1e6          gigawattstunden?
        energy 1e9          terawattstunden?
        area 1e6            quadratkilometern?
        area 1              quadratmetern?
        area 2589988        quadratmeilen?
        area 1e4            hektar\w*
        area 4046.86        acres?|morgen
        volume 1000         kubikmetern?
        volume 1e12         kubikkilometern?
        volume 1            litern?
        volume 0.001        millilitern?
        volume 3.785        gallonen?
        volume 158.987      barrel
        celsius 1           (?:grad )?celsius
        fahrenheit 1        (?:grad )?fahrenheit
        share 1             prozent\w*
        share 0.1           promille
        length 1e-9         nanometern?
        length 1e-6         mikrometern?
        length 1e-3         millimetern?
        length 1e-2         zentimetern?
        length 1            metern?
        length 1e3          kilometern?
        length 1609.344     meilen?
        length 0.3048       fu(?:ß|ss)
        length 0.0254       zoll
        length 9.461e15     lichtjahren?
        mass 1e-9           mikrogramm
        mass 1e-6           milligramm
        mass 1e-3           gramm
        mass 1              kilogramm|kilos?
        mass 1e3            tonnen?
        mass 1e9            megatonnen?
        mass 1e12           gigatonnen?
        mass 0.4536         pfund
        mass 0.02835        unzen?
        degree 1            grade?n?
        kelvin 1            kelvin
        time 1e-3           millisekunden?
        time 1              sekunden?
        time 60             minuten?
        time 3600           stunden?
        time 86400          tage?n?
        time 604800         wochen?
        time 2629800        monate?n?
        time 31557600       jahre?n?
        power 1             watt
        power 1e3           kilowatt
        power 1e6           megawatt
        power 1e9           gigawatt
        dollar 1            (?:us-)?dollar\w*
        euro 1              euro(?!p)
        pound 1             pfund sterling
        yen 1               yen
        yuan 1              yuan
        rouble 1            rubel
    """),
    "fr": _table(r"""
        energy 1            kilowatt-?heures?
        energy 1e3          mégawatt-?heures?
        energy 1e6          gigawatt-?heures?
        energy 1e9          térawatt-?heures?
        area 1e6            kilomètres? carrés?
        area 1              mètres? carrés?
        area 2589988        miles carrés
        area 1e4            hectares?
        area 4046.86        acres?
        volume 1000         mètres? cubes?
        volume 1e12         kilomètres? cubes?
        volume 1            litres?
        volume 0.001        millilitres?
        volume 3.785        gallons?
        volume 158.987      barils?
        celsius 1           (?:degrés? )?celsius
        fahrenheit 1        (?:degrés? )?fahrenheit
        share 1             pour ?cents?|points? de pourcentage
        share 0.1           pour ?mille
        length 1e-9         nanomètres?
        length 1e-6         micromètres?|microns?
        length 1e-3         millimètres?
        length 1e-2         centimètres?
        length 1            mètres?
        length 1e3          kilomètres?
        length 1609.344     miles?|milles?
        length 0.3048       pieds?
        length 0.0254       pouces?
        length 9.461e15     années?[- ]lumière
        mass 1e-9           microgrammes?
        mass 1e-6           milligrammes?
        mass 1e-3           grammes?
        mass 1              kilogrammes?|kilos?
        mass 1e3            tonnes?
        mass 1e9            mégatonnes?
        mass 1e12           gigatonnes?
        mass 0.4536         livres?(?! sterling)
        mass 0.02835        onces?
        degree 1            degrés?
        kelvin 1            kelvins?
        time 1e-3           millisecondes?
        time 1              secondes?
        time 60             minutes?
        time 3600           heures?
        time 86400          jours?
        time 604800         semaines?
        time 2629800        mois
        time 31557600       ans?|années?(?!.lumi)
        power 1             watts?
        power 1e3           kilowatts?
        power 1e6           mégawatts?
        power 1e9           gigawatts?
        dollar 1            dollars?
        euro 1              euros?
        pound 1             livres? sterling
        yen 1               yens?
        yuan 1              yuans?
        rouble 1            roubles?
    """),
    "es": _table(r"""
        energy 1            kilovatios?[- ]hora
        energy 1e3          megavatios?[- ]hora
        energy 1e6          gigavatios?[- ]hora
        energy 1e9          teravatios?[- ]hora
        area 1e6            kilómetros? cuadrados?
        area 1              metros? cuadrados?
        area 2589988        millas cuadradas
        area 1e4            hectáreas?
        area 4046.86        acres?
        volume 1000         metros? cúbicos?
        volume 1e12         kilómetros? cúbicos?
        volume 1            litros?
        volume 0.001        mililitros?
        volume 3.785        galones?|galón
        volume 158.987      barriles?|barril
        celsius 1           (?:grados? )?(?:celsius|centígrados?)
        fahrenheit 1        (?:grados? )?fahrenheit
        share 1             por ?cientos?|puntos? porcentual(?:es)?
        share 0.1           por ?mil
        length 1e-9         nanómetros?
        length 1e-6         micrómetros?|micras?
        length 1e-3         milímetros?
        length 1e-2         centímetros?
        length 1            metros?
        length 1e3          kilómetros?
        length 1609.344     millas?
        length 0.3048       pies?
        length 0.0254       pulgadas?
        length 9.461e15     años? luz
        mass 1e-9           microgramos?
        mass 1e-6           miligramos?
        mass 1e-3           gramos?
        mass 1              kilogramos?|kilos?
        mass 1e3            toneladas?
        mass 1e9            megatoneladas?
        mass 1e12           gigatoneladas?
        mass 0.4536         libras?(?! ester)
        mass 0.02835        onzas?
        degree 1            grados?
        kelvin 1            kelvins?
        time 1e-3           milisegundos?
        time 1              segundos?
        time 60             minutos?
        time 3600           horas?
        time 86400          días?
        time 604800         semanas?
        time 2629800        mes(?:es)?
        time 31557600       años?(?! luz)
        power 1             vatios?
        power 1e3           kilovatios?
        power 1e6           megavatios?
        power 1e9           gigavatios?
        dollar 1            dólar(?:es)?
        euro 1              euros?
        pound 1             libras? esterlinas?
        yen 1               yen(?:es)?
        yuan 1              yuan(?:es)?
        rouble 1            rublos?
    """),
    "zh": _table(r"""
        energy 1            千瓦时|千瓦小时|度电
        energy 1e3          兆瓦时
        energy 1e6          吉瓦时
        energy 1e9          太瓦时
        area 1e6            平方公里|平方千米
        area 1              平方米
        area 2589988        平方英里
        area 1e4            公顷
        area 4046.86        英亩
        volume 1000         立方米
        volume 1e12         立方公里|立方千米
        volume 1            升
        volume 0.001        毫升
        volume 3.785        加仑
        volume 158.987      桶
        celsius 1           摄氏度|攝氏度
        fahrenheit 1        华氏度|華氏度
        share 1             个百分点|個百分點|个点
        share 10            成(?!员|立|年|为|果|功|本)
        length 1e-9         纳米|奈米
        length 1e-6         微米
        length 1e-3         毫米
        length 1e-2         厘米|公分
        length 1            米(?!国)
        length 1e3          公里|千米
        length 1609.344     英里
        length 0.3048       英尺
        length 0.0254       英寸
        length 9.461e15     光年
        mass 1e-9           微克
        mass 1e-6           毫克
        mass 1e-3           克(?!拉)
        mass 1              公斤|千克
        mass 1e3            公吨|吨
        mass 1e9            兆吨
        mass 0.4536         磅
        mass 0.02835        盎司
        degree 1            度
        kelvin 1            开尔文
        time 1e-3           毫秒
        time 1              秒
        time 60             分钟|分鐘
        time 3600           个?小时|個?小時
        time 86400          天
        time 604800         个?星期|周(?!年|日|一|二|三|四|五|六)|个?礼拜|週
        time 2629800        个月|個月
        time 31557600       年
        power 1             瓦(?!时)
        power 1e3           千瓦(?!时|小时)
        power 1e6           兆瓦(?!时)
        power 1e9           吉瓦(?!时)
        dollar 1            美元
        euro 1              欧元|歐元
        pound 1             英镑
        yen 1               日元
        yuan 1              元(?!素|年|件)|人民币
        rouble 1            卢布
    """),
    "ja": _table(r"""
        energy 1            キロワット時
        energy 1e3          メガワット時
        energy 1e6          ギガワット時
        energy 1e9          テラワット時
        area 1e6            平方キロメートル|平方キロ
        area 1              平方メートル
        area 2589988        平方マイル
        area 1e4            ヘクタール
        area 4046.86        エーカー
        volume 1000         立方メートル
        volume 1e12         立方キロメートル
        volume 1            リットル
        volume 0.001        ミリリットル
        volume 3.785        ガロン
        volume 158.987      バレル
        share 1             パーセント|ポイント
        share 0.1           パーミル
        share 10            割
        length 1e-9         ナノメートル
        length 1e-6         マイクロメートル
        length 1e-3         ミリメートル|ミリ(?![グリ秒バワ])
        length 1e-2         センチメートル|センチ
        length 1            メートル
        length 1e3          キロメートル
        length 1609.344     マイル
        length 0.3048       フィート
        length 0.0254       インチ
        length 9.461e15     光年
        mass 1e-9           マイクログラム
        mass 1e-6           ミリグラム
        mass 1e-3           グラム
        mass 1              キログラム
        mass 1e3            トン
        mass 1e9            メガトン
        mass 1e12           ギガトン
        mass 0.4536         ポンド(?!高)
        mass 0.02835        オンス
        kilo 1              キロ(?![グリワバヘカ])
        degree 1            度
        kelvin 1            ケルビン
        time 1e-3           ミリ秒
        time 1              秒
        time 60             分間
        time 3600           時間
        time 86400          日間
        time 604800         週間
        time 2629800        [かカヶケヵ]月
        time 31557600       年
        power 1             ワット(?!時)
        power 1e3           キロワット(?!時)
        power 1e6           メガワット(?!時)
        power 1e9           ギガワット(?!時)
        dollar 1            (?:米)?ドル
        euro 1              ユーロ
        pound 1             英?ポンド
        yen 1               円
        yuan 1              (?:人民)?元
        rouble 1            ルーブル
    """),
    "ar": _table(r"""
        area 1e6            كيلومتر\w* مربع\w*
        area 1              متر\w* مربع\w*
        area 2589988        ميل مربع
        area 1e4            هكتار\w*
        area 4046.86        فدان
        volume 1000         متر\w* مكعب\w*
        volume 1e12         كيلومتر\w* مكعب\w*
        volume 1            لتر\w*
        volume 0.001        ملليلتر\w*|مليلتر\w*
        volume 3.785        جالون
        volume 158.987      برميل
        celsius 1           (?:درج\w+ )?مئوية
        fahrenheit 1        (?:درج\w+ )?فهرنهايت
        share 1             في المئة|في المائة|بالمئة|بالمائة
        length 1e-9         نانومتر\w*
        length 1e-6         ميكرومتر\w*
        length 1e-3         ملليمتر\w*|مليمتر\w*
        length 1e-2         سنتيمتر\w*
        length 1            متر\w*|أمتار
        length 1e3          كيلومتر\w*|كم
        length 1609.344     ميل|أميال
        length 0.3048       قدم
        length 0.0254       بوصة
        length 9.461e15     سن\w+ ضوئية
        mass 1e-9           ميكروغرام\w*
        mass 1e-6           ملليغرام\w*|مليغرام\w*
        mass 1e-3           غرام\w*|جرام\w*
        mass 1              كيلوغرام\w*|كغم?|كيلوجرام\w*
        mass 1e3            طن\w*|أطنان
        mass 1e9            ميغاطن
        mass 1e12           غيغاطن
        mass 0.4536         رطل
        mass 0.02835        أونصة
        degree 1            درج\w+
        kelvin 1            كلفن
        time 1e-3           ملي ثانية
        time 1              ثانية|ثوان\w*
        time 60             دقيقة|دقائق
        time 3600           ساع\w+
        time 86400          يوم\w*|أيام
        time 604800         أسبوع\w*|أسابيع
        time 2629800        شهر\w*|أشهر|شهور
        time 31557600       عام\w*|سن[ةوي]\w*|أعوام
        power 1             واط
        power 1e3           كيلوواط
        power 1e6           ميغاواط
        power 1e9           غيغاواط\w*
        dollar 1            دولار\w*
        euro 1              يورو
        pound 1             جنيه إسترليني
        yen 1               ين
        yuan 1              يوان
        rouble 1            روبل
    """),
}
