# ruff: noqa: E501, SIM905
"""What the seventeen languages call things: symbols, letters, months, units, money, abbreviations.

Data only. Forms of a noun are written "one/many", "one/few/many" or "one/few/many/fraction"; `noun` picks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

UNITS = (
    "km",
    "m",
    "cm",
    "mm",
    "kg",
    "g",
    "mg",
    "l",
    "ml",
    "km/h",
    "°C",
    "°F",
    "°",
    "GB",
    "MB",
    "min",
    "m2",
    "km2",
)
CURRENCIES = ("$", "€", "£", "¥", "₹", "₽")
CURRENCY_CODES = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "RUB": "₽"}


@dataclass(frozen=True)
class Vocabulary:
    symbols: Mapping[str, str]  # point minus percent & + = @ # range . / × © ®, by their character
    letters: Mapping[str, str]  # how "a" to "z" are called
    months: tuple[str, ...]
    time: str  # "{h} Uhr {m}"
    hour: str  # the same on the hour
    date: str  # {d}, {m}, {y}
    units: Mapping[str, str]
    currencies: Mapping[str, str]
    halves: tuple[str, str, str]  # 1/2, 1/4, 3/4
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    """With its full stop → in words. Words that end in "." may end a sentence, as "etc." does."""
    shouted: frozenset[str] = frozenset()
    """Short words that people write in capitals to stress them, so they are no acronyms."""


SYMBOLS = ("point", "minus", "%", "&", "+", "=", "@", "#", "range", ".", "/", "×", "©", "®")


def _vocabulary(
    symbols: str,
    letters: str,
    months: str,
    time: str,
    hour: str,
    date: str,
    units: str,
    currencies: str,
    halves: str,
    abbreviations: str = "",
    shouted: str = "",
) -> Vocabulary:
    pairs = (pair.partition(":") for pair in abbreviations.split("|") if pair)
    first, second, third = halves.split("|")
    return Vocabulary(
        symbols=dict(zip(SYMBOLS, symbols.split("|"), strict=True)),
        letters=dict(zip("abcdefghijklmnopqrstuvwxyz", letters.split(), strict=True)),
        months=tuple(months.split()),
        time=time,
        hour=hour,
        date=date,
        units=dict(zip(UNITS, units.split("|"), strict=True)),
        currencies=dict(zip(CURRENCIES, currencies.split("|"), strict=True)),
        halves=(first, second, third),
        abbreviations={short: words for short, _, words in pairs},
        shouted=frozenset(shouted.split()),
    )


VOCABULARIES: dict[str, Vocabulary] = {
    "en": _vocabulary(
        "point|minus|percent|and|plus|equals|at|number|to|dot|slash|times|copyright|registered",
        "ay bee see dee ee eff jee aitch eye jay kay ell em en oh pee cue ar ess tee you vee doubleyou ex why zee",
        "January February March April May June July August September October November December",
        "{h} {m}",
        "{h} o'clock",
        "{m} {d}, {y}",
        "kilometre/kilometres|metre/metres|centimetre/centimetres|millimetre/millimetres|kilogram/kilograms|gram/grams"
        "|milligram/milligrams|litre/litres|millilitre/millilitres|kilometre per hour/kilometres per hour"
        "|degree Celsius/degrees Celsius|degree Fahrenheit/degrees Fahrenheit|degree/degrees|gigabyte/gigabytes"
        "|megabyte/megabytes|minute/minutes|square metre/square metres|square kilometre/square kilometres",
        "dollar/dollars|euro/euros|pound/pounds|yen|rupee/rupees|rouble/roubles",
        "a half|a quarter|three quarters",
        "Mr.:Mister|Mrs.:Missis|Ms.:Miss|Dr.:Doctor|Prof.:Professor|Rev.:Reverend|Gen.:General|Sgt.:Sergeant"
        "|Capt.:Captain|Lt.:Lieutenant|Col.:Colonel|Hon.:Honorable|e.g.:for example|i.e.:that is|vs.:versus"
        "|etc.:et cetera.|approx.:approximately|Inc.:Incorporated.|Ltd.:Limited.|Co.:Company.|Corp.:Corporation."
        "|Jr.:Junior.|Sr.:Senior.|Ave.:Avenue.|Rd.:Road.|Blvd.:Boulevard.|a.m.:ay em.|p.m.:pee em."
        "|Fig.:Figure|fig.:figure|Jan.:January|Feb.:February|Aug.:August|Sept.:September"
        "|Oct.:October|Nov.:November|Dec.:December|dept.:department|est.:established|max.:maximum|min.:minimum",
        "a i am an and any all are as at be big but by can do did end get go got had has he her him his how if in is "
        "it may me my new no not now of off ok old on one or our out see she so stop the they this that to too try up "
        "was we who why yes yet you your very ever only what when never also both each must will with have from",
    ),
    "es": _vocabulary(
        "coma|menos|por ciento|y|más|igual a|arroba|número|a|punto|barra|por|copyright|marca registrada",
        "a be ce de e efe ge hache i jota ka ele eme ene o pe cu erre ese te u uve uvedoble equis ye zeta",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "{h} y {m}",
        "{h} en punto",
        "{d} de {m} de {y}",
        "kilómetro/kilómetros|metro/metros|centímetro/centímetros|milímetro/milímetros|kilogramo/kilogramos|gramo/gramos"
        "|miligramo/miligramos|litro/litros|mililitro/mililitros|kilómetro por hora/kilómetros por hora"
        "|grado centígrado/grados centígrados|grado Fahrenheit/grados Fahrenheit|grado/grados|gigabyte/gigabytes"
        "|megabyte/megabytes|minuto/minutos|metro cuadrado/metros cuadrados|kilómetro cuadrado/kilómetros cuadrados",
        "dólar/dólares|euro/euros|libra/libras|yen/yenes|rupia/rupias|rublo/rublos",
        "medio|un cuarto|tres cuartos",
        "Sr.:señor|Sra.:señora|Srta.:señorita|Dr.:doctor|Dra.:doctora|Ud.:usted|Uds.:ustedes|etc.:etcétera."
        "|p. ej.:por ejemplo|p.ej.:por ejemplo|EE. UU.:Estados Unidos|EE.UU.:Estados Unidos|núm.:número|pág.:página"
        "|Prof.:profesor|Avda.:avenida|aprox.:aproximadamente",
        "no sí si ya yo tú tu el la los las un una muy más que qué es de en y o a por para con sin hoy hay mi su se "
        "me te lo le al del ni ver aquí todo nada solo",
    ),
    "fr": _vocabulary(
        "virgule|moins|pour cent|et|plus|égale|arobase|numéro|à|point|barre|fois|copyright|marque déposée",
        "a bé cé dé e effe gé hache i ji ka elle emme enne o pé cu erre esse té u vé doublevé ixe igrec zède",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "{h} heures {m}",
        "{h} heures",
        "{d} {m} {y}",
        "kilomètre/kilomètres|mètre/mètres|centimètre/centimètres|millimètre/millimètres|kilogramme/kilogrammes"
        "|gramme/grammes|milligramme/milligrammes|litre/litres|millilitre/millilitres"
        "|kilomètre à l'heure/kilomètres à l'heure|degré Celsius/degrés Celsius|degré Fahrenheit/degrés Fahrenheit"
        "|degré/degrés|gigaoctet/gigaoctets|mégaoctet/mégaoctets|minute/minutes|mètre carré/mètres carrés"
        "|kilomètre carré/kilomètres carrés",
        "dollar/dollars|euro/euros|livre/livres|yen/yens|roupie/roupies|rouble/roubles",
        "un demi|un quart|trois quarts",
        "M.:monsieur|MM.:messieurs|Mr.:monsieur|Mme:madame|Mme.:madame|Mlle:mademoiselle|Dr:docteur|Dr.:docteur"
        "|Me:maître|etc.:et cetera.|p. ex.:par exemple|p.ex.:par exemple|av. J.-C.:avant Jésus-Christ"
        "|apr. J.-C.:après Jésus-Christ|c.-à-d.:c'est-à-dire|env.:environ|St:saint|Ste:sainte|Prof.:professeur",
        "ne pas non oui le la les un une des du de et ou où je tu il elle on ça ce se sa son ma mon en au aux très "
        "tout plus qui que quoi mais est sont rien",
    ),
    "de": _vocabulary(
        "Komma|minus|Prozent|und|plus|gleich|ät|Nummer|bis|Punkt|Schrägstrich|mal|Copyright|registriert",
        "a be ze de e eff ge ha i jott ka ell emm enn o pe ku err ess te u vau we ix üpsilon zett",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "{h} Uhr {m}",
        "{h} Uhr",
        "{d} {m} {y}",
        "Kilometer|Meter|Zentimeter|Millimeter|Kilogramm|Gramm|Milligramm|Liter|Milliliter|Kilometer pro Stunde"
        "|Grad Celsius|Grad Fahrenheit|Grad|Gigabyte|Megabyte|Minute/Minuten|Quadratmeter|Quadratkilometer",
        "Dollar|Euro|Pfund|Yen|Rupie/Rupien|Rubel",
        "ein halb|ein Viertel|drei Viertel",
        "Dr.:Doktor|Prof.:Professor|Hr.:Herr|Fr.:Frau|St.:Sankt|Str.:Straße.|Nr.:Nummer|z. B.:zum Beispiel"
        "|z.B.:zum Beispiel|d. h.:das heißt|d.h.:das heißt|u. a.:unter anderem|u.a.:unter anderem|usw.:und so weiter."
        "|etc.:et cetera.|bzw.:beziehungsweise|ca.:circa|inkl.:inklusive|evtl.:eventuell|vgl.:vergleiche|ggf.:gegebenenfalls"
        "|Mio.:Millionen|Mrd.:Milliarden|Tel.:Telefon|Abb.:Abbildung|S.:Seite|v. Chr.:vor Christus.|n. Chr.:nach Christus.",
        "der die das ein eine und oder nur so zu in im am an auf ist bin nie ja nein nicht kein mit von wir ihr sie "
        "er es ich du was wer wie wo mal tun hat aber alle alles sehr jetzt",
    ),
    "it": _vocabulary(
        "virgola|meno|per cento|e|più|uguale|chiocciola|numero|a|punto|barra|per|copyright|marchio registrato",
        "a bi ci di e effe gi acca i ilunga cappa elle emme enne o pi cu erre esse ti u vu doppiavu ics ipsilon zeta",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "{h} e {m}",
        "{h} in punto",
        "{d} {m} {y}",
        "chilometro/chilometri|metro/metri|centimetro/centimetri|millimetro/millimetri|chilogrammo/chilogrammi"
        "|grammo/grammi|milligrammo/milligrammi|litro/litri|millilitro/millilitri|chilometro orario/chilometri orari"
        "|grado Celsius/gradi Celsius|grado Fahrenheit/gradi Fahrenheit|grado/gradi|gigabyte|megabyte|minuto/minuti"
        "|metro quadrato/metri quadrati|chilometro quadrato/chilometri quadrati",
        "dollaro/dollari|euro|sterlina/sterline|yen|rupia/rupie|rublo/rubli",
        "mezzo|un quarto|tre quarti",
        "Sig.:signor|Sig.ra:signora|Sig.na:signorina|Dott.:dottor|Dott.ssa:dottoressa|Dr.:dottor|Prof.:professor"
        "|Ing.:ingegner|Avv.:avvocato|ecc.:eccetera.|etc.:eccetera.|es.:esempio|pag.:pagina|a.C.:avanti Cristo."
        "|d.C.:dopo Cristo.",
        "no sì si ma non un una il la lo gli le di da in con su per tra che chi mai più io tu noi voi è e ed se mi ti "
        "ci vi al del ora ok solo tutto",
    ),
    "pt": _vocabulary(
        "vírgula|menos|por cento|e|mais|igual a|arroba|número|a|ponto|barra|vezes|copyright|marca registrada",
        "a bê cê dê e efe gê agá i jota cá ele eme ene ó pê quê erre esse tê u vê dáblio xis ípsilon zê",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "{h} e {m}",
        "{h} horas",
        "{d} de {m} de {y}",
        "quilômetro/quilômetros|metro/metros|centímetro/centímetros|milímetro/milímetros|quilograma/quilogramas"
        "|grama/gramas|miligrama/miligramas|litro/litros|mililitro/mililitros|quilômetro por hora/quilômetros por hora"
        "|grau Celsius/graus Celsius|grau Fahrenheit/graus Fahrenheit|grau/graus|gigabyte/gigabytes|megabyte/megabytes"
        "|minuto/minutos|metro quadrado/metros quadrados|quilômetro quadrado/quilômetros quadrados",
        "dólar/dólares|euro/euros|libra/libras|iene/ienes|rupia/rupias|rublo/rublos",
        "meio|um quarto|três quartos",
        "Sr.:senhor|Sra.:senhora|Srta.:senhorita|Dr.:doutor|Dra.:doutora|Prof.:professor|Profa.:professora"
        "|etc.:et cetera.|p. ex.:por exemplo|p.ex.:por exemplo|pág.:página|núm.:número|Av.:avenida|aprox.:aproximadamente"
        "|a.C.:antes de Cristo.|d.C.:depois de Cristo.",
        "não sim só já eu tu ele ela nós um uma os as de do da em no na com sem que quem mas por para é e ou se me te "
        "lhe meu seu mais muito tudo nada",
    ),
    "pl": _vocabulary(
        "przecinek|minus|procent|i|plus|równa się|małpa|numer|do|kropka|ukośnik|razy|copyright|znak zastrzeżony",
        "a be ce de e ef gie ha i jot ka el em en o pe ku er es te u fał wu iks igrek zet",
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
        "{h} {m}",
        "{h} zero zero",
        "{d} {m} {y} roku",
        "kilometr/kilometry/kilometrów/kilometra|metr/metry/metrów/metra|centymetr/centymetry/centymetrów/centymetra"
        "|milimetr/milimetry/milimetrów/milimetra|kilogram/kilogramy/kilogramów/kilograma|gram/gramy/gramów/grama"
        "|miligram/miligramy/miligramów/miligrama|litr/litry/litrów/litra|mililitr/mililitry/mililitrów/mililitra"
        "|kilometr na godzinę/kilometry na godzinę/kilometrów na godzinę/kilometra na godzinę"
        "|stopień Celsjusza/stopnie Celsjusza/stopni Celsjusza/stopnia Celsjusza"
        "|stopień Fahrenheita/stopnie Fahrenheita/stopni Fahrenheita/stopnia Fahrenheita|stopień/stopnie/stopni/stopnia"
        "|gigabajt/gigabajty/gigabajtów/gigabajta|megabajt/megabajty/megabajtów/megabajta|minuta/minuty/minut/minuty"
        "|metr kwadratowy/metry kwadratowe/metrów kwadratowych/metra kwadratowego"
        "|kilometr kwadratowy/kilometry kwadratowe/kilometrów kwadratowych/kilometra kwadratowego",
        "dolar/dolary/dolarów/dolara|euro|funt/funty/funtów/funta|jen/jeny/jenów/jena|rupia/rupie/rupii/rupii"
        "|rubel/ruble/rubli/rubla",
        "pół|jedna czwarta|trzy czwarte",
        "np.:na przykład|tj.:to jest|tzn.:to znaczy|itd.:i tak dalej.|itp.:i tym podobne.|m.in.:między innymi|ul.:ulica"
        "|prof.:profesor|dr.:doktor|dr:doktor|mgr:magister|inż.:inżynier|ok.:około|św.:święty|godz.:godzina|str.:strona"
        "|tys.:tysięcy|mln:milionów|mld:miliardów|r.:roku.|p.:pan|nr:numer|al.:aleja",
        "nie tak to ja ty on my wy się na do od po za ze we i a o u w z czy co kto już jest są bez dla ale",
    ),
    "tr": _vocabulary(
        "virgül|eksi|yüzde|ve|artı|eşittir|et|numara|ile|nokta|bölü|çarpı|telif hakkı|tescilli",
        "a be ce de e fe ge he ı je ke le me ne o pe ku re se te u ve çiftve iks ye ze",
        "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
        "{h} {m}",
        "saat {h}",
        "{d} {m} {y}",
        "kilometre|metre|santimetre|milimetre|kilogram|gram|miligram|litre|mililitre|saatte kilometre|santigrat derece"
        "|fahrenhayt derece|derece|gigabayt|megabayt|dakika|metrekare|kilometrekare",
        "dolar|avro|sterlin|yen|rupi|ruble",
        "yarım|çeyrek|dörtte üç",
        "Dr.:doktor|Prof.:profesör|Doç.:doçent|Av.:avukat|vb.:ve benzeri.|vs.:vesaire.|örn.:örneğin|Sn.:sayın|Cad.:caddesi"
        "|Sok.:sokağı|No.:numara|yy.:yüzyıl|Alm.:Almanca|çev.:çeviren|bkz.:bakınız",
        "ve de da ki mi mı mu bu şu o bir ne çok az en hiç ben sen biz siz var yok hayır evet için ile ama ya her",
    ),
    "ru": _vocabulary(
        "запятая|минус|процент/процента/процентов|и|плюс|равно|собака|номер|до|точка|слэш|на|копирайт|товарный знак",
        "эй би си ди и эф джи эйч ай джей кей эл эм эн оу пи кью ар эс ти ю ви даблъю экс уай зет",
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        "{h} {m}",
        "{h} ноль ноль",
        "{d} {m} {y} года",
        "километр/километра/километров|метр/метра/метров|сантиметр/сантиметра/сантиметров|миллиметр/миллиметра/миллиметров"
        "|килограмм/килограмма/килограммов|грамм/грамма/граммов|миллиграмм/миллиграмма/миллиграммов|литр/литра/литров"
        "|миллилитр/миллилитра/миллилитров|километр в час/километра в час/километров в час"
        "|градус Цельсия/градуса Цельсия/градусов Цельсия|градус Фаренгейта/градуса Фаренгейта/градусов Фаренгейта"
        "|градус/градуса/градусов|гигабайт/гигабайта/гигабайт|мегабайт/мегабайта/мегабайт|минута/минуты/минут"
        "|квадратный метр/квадратных метра/квадратных метров"
        "|квадратный километр/квадратных километра/квадратных километров",
        "доллар/доллара/долларов|евро|фунт/фунта/фунтов|иена/иены/иен|рупия/рупии/рупий|рубль/рубля/рублей",
        "половина|четверть|три четверти",
        "т. е.:то есть|т.е.:то есть|т. д.:так далее.|т.д.:так далее.|т. п.:тому подобное.|т.п.:тому подобное."
        "|т. к.:так как|т.к.:так как|и др.:и другие.|г-н:господин|г-жа:госпожа|д-р:доктор|руб.:рублей.|коп.:копеек."
        "|млн:миллионов|млрд:миллиардов|тыс.:тысяч|ул.:улица|им.:имени|см.:смотри|напр.:например|стр.:страница"
        "|проф.:профессор|г.:года.|гг.:годов.",
        "не нет да но он мы вы ты я и а в с к о у по на за из от до как так что кто где это все всё мой твой уже ещё",
    ),
    "nl": _vocabulary(
        "komma|min|procent|en|plus|is|apenstaartje|nummer|tot|punt|schuine streep|keer|copyright|geregistreerd",
        "aa bee cee dee ee ef gee haa ie jee kaa el em en oo pee kuu er es tee uu vee wee iks ij zet",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "{h} uur {m}",
        "{h} uur",
        "{d} {m} {y}",
        "kilometer|meter|centimeter|millimeter|kilo|gram|milligram|liter|milliliter|kilometer per uur|graden Celsius"
        "|graden Fahrenheit|graad/graden|gigabyte|megabyte|minuut/minuten|vierkante meter|vierkante kilometer",
        "dollar|euro|pond|yen|roepie/roepies|roebel",
        "een half|een kwart|driekwart",
        "dhr.:de heer|mevr.:mevrouw|mw.:mevrouw|dr.:dokter|prof.:professor|drs.:doctorandus|ir.:ingenieur|mr.:meester"
        "|bijv.:bijvoorbeeld|bv.:bijvoorbeeld|d.w.z.:dat wil zeggen|o.a.:onder andere|enz.:enzovoort.|etc.:et cetera."
        "|m.b.t.:met betrekking tot|t.o.v.:ten opzichte van|i.p.v.:in plaats van|a.u.b.:alstublieft.|nr.:nummer"
        "|ca.:circa|blz.:bladzijde|St.:Sint",
        "de het een en of niet geen wel ja nee ik jij je hij zij wij we op in aan met van tot uit om dat dit wat wie "
        "hoe nu nog al is was heel alle alles nooit",
    ),
    "cs": _vocabulary(
        "celá|mínus|procento/procenta/procent/procenta|a|plus|rovná se|zavináč|číslo|až|tečka|lomítko|krát|copyright"
        "|registrovaná značka",
        "á bé cé dé é ef gé há í jé ká el em en ó pé kvé er es té ú vé dvojitévé iks ypsilon zet",
        "ledna února března dubna května června července srpna září října listopadu prosince",
        "{h} {m}",
        "{h} hodin",
        "{d} {m} {y}",
        "kilometr/kilometry/kilometrů/kilometru|metr/metry/metrů/metru|centimetr/centimetry/centimetrů/centimetru"
        "|milimetr/milimetry/milimetrů/milimetru|kilogram/kilogramy/kilogramů/kilogramu|gram/gramy/gramů/gramu"
        "|miligram/miligramy/miligramů/miligramu|litr/litry/litrů/litru|mililitr/mililitry/mililitrů/mililitru"
        "|kilometr za hodinu/kilometry za hodinu/kilometrů za hodinu/kilometru za hodinu"
        "|stupeň Celsia/stupně Celsia/stupňů Celsia/stupně Celsia"
        "|stupeň Fahrenheita/stupně Fahrenheita/stupňů Fahrenheita/stupně Fahrenheita|stupeň/stupně/stupňů/stupně"
        "|gigabajt/gigabajty/gigabajtů/gigabajtu|megabajt/megabajty/megabajtů/megabajtu|minuta/minuty/minut/minuty"
        "|metr čtvereční/metry čtvereční/metrů čtverečních/metru čtverečního"
        "|kilometr čtvereční/kilometry čtvereční/kilometrů čtverečních/kilometru čtverečního",
        "dolar/dolary/dolarů/dolaru|euro/eura/eur/eura|libra/libry/liber/libry|jen/jeny/jenů/jenu|rupie/rupie/rupií/rupie"
        "|rubl/rubly/rublů/rublu",
        "půl|čtvrt|tři čtvrtě",
        "např.:například|tj.:to jest|tzn.:to znamená|atd.:a tak dále.|apod.:a podobně.|mj.:mimo jiné|dr.:doktor"
        "|Dr.:doktor|Ing.:inženýr|Mgr.:magistr|Bc.:bakalář|prof.:profesor|p.:pan|pí.:paní|č.:číslo|ul.:ulice|str.:strana"
        "|cca:cirka|tis.:tisíc|mil.:milionů|mld.:miliard|sv.:svatý|hod.:hodin.|tzv.:takzvaný",
        "ne ano a i o u v z s k na do od po za ze ve že to ten ta já ty on my vy se si je jsou ale jen už kdo co jak",
    ),
    "ar": _vocabulary(
        "فاصلة|سالب|بالمئة|و|زائد|يساوي|آت|رقم|إلى|نقطة|شرطة مائلة|ضرب|حقوق النشر|علامة مسجلة",
        "إيه بي سي دي إي إف جي إتش آي جيه كيه إل إم إن أو بي كيو آر إس تي يو في دبليو إكس واي زد",
        "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
        "{h} و{m} دقيقة",
        "الساعة {h}",
        "{d} {m} {y}",
        "كيلومتر/كيلومترات|متر/أمتار|سنتيمتر/سنتيمترات|مليمتر/مليمترات|كيلوغرام/كيلوغرامات|غرام/غرامات|مليغرام/مليغرامات"
        "|لتر/لترات|مليلتر/مليلترات|كيلومتر في الساعة|درجة مئوية/درجات مئوية|درجة فهرنهايت/درجات فهرنهايت|درجة/درجات"
        "|غيغابايت|ميغابايت|دقيقة/دقائق|متر مربع/أمتار مربعة|كيلومتر مربع/كيلومترات مربعة",
        "دولار/دولارات|يورو|جنيه/جنيهات|ين|روبية/روبيات|روبل/روبلات",
        "نصف|ربع|ثلاثة أرباع",
        "د.:دكتور|أ.:أستاذ|إلخ.:إلى آخره.|هـ.:هجري.|م.:ميلادي.",
    ),
    "zh": _vocabulary(
        "点|负|百分之|和|加|等于|at|号|到|点|斜杠|乘|版权|注册商标",
        "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z",
        "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月",
        "{h}点{m}分",
        "{h}点",
        "{y}年{m}{d}日",
        "公里|米|厘米|毫米|公斤|克|毫克|升|毫升|公里每小时|摄氏度|华氏度|度|吉字节|兆字节|分钟|平方米|平方公里",
        "美元|欧元|英镑|元|卢比|卢布",
        "二分之一|四分之一|四分之三",
    ),
    "hu": _vocabulary(
        "egész|mínusz|százalék|és|plusz|egyenlő|kukac|szám|és|pont|perjel|szor|szerzői jog|bejegyzett védjegy",
        "á bé cé dé é ef gé há í jé ká el em en ó pé kú er es té ú vé duplavé iksz ipszilon zé",
        "január február március április május június július augusztus szeptember október november december",
        "{h} óra {m}",
        "{h} óra",
        "{y} {m} {d}",
        "kilométer|méter|centiméter|milliméter|kilogramm|gramm|milligramm|liter|milliliter|kilométer per óra|Celsius-fok"
        "|Fahrenheit-fok|fok|gigabájt|megabájt|perc|négyzetméter|négyzetkilométer",
        "dollár|euró|font|jen|rúpia|rubel",
        "fél|negyed|háromnegyed",
        "pl.:például|stb.:és a többi.|ill.:illetve|ún.:úgynevezett|kb.:körülbelül|dr.:doktor|Dr.:doktor|ifj.:ifjabb"
        "|id.:idősebb|özv.:özvegy|prof.:professzor|u.:utca|o.:oldal.|vö.:vesd össze|ld.:lásd|db:darab",
        "nem igen de és is a az egy ez én te ő mi ti ők van ki be le fel meg már még csak ne ha hogy most soha",
    ),
    "ko": _vocabulary(
        "점|마이너스|퍼센트|그리고|더하기|는|골뱅이|번호|에서|점|슬래시|곱하기|저작권|등록상표",
        "에이 비 시 디 이 에프 지 에이치 아이 제이 케이 엘 엠 엔 오 피 큐 아르 에스 티 유 브이 더블유 엑스 와이 제트",
        "일월 이월 삼월 사월 오월 유월 칠월 팔월 구월 시월 십일월 십이월",
        "{h} 시 {m} 분",
        "{h} 시",
        "{y}년 {m} {d}일",
        "킬로미터|미터|센티미터|밀리미터|킬로그램|그램|밀리그램|리터|밀리리터|시속 킬로미터|섭씨도|화씨도|도|기가바이트|메가바이트|분"
        "|제곱미터|제곱킬로미터",
        "달러|유로|파운드|엔|루피|루블",
        "이분의 일|사분의 일|사분의 삼",
    ),
    "ja": _vocabulary(
        "点|マイナス|パーセント|アンド|プラス|イコール|アットマーク|ナンバー|から|ドット|スラッシュ|かける|コピーライト|登録商標",
        "エー ビー シー ディー イー エフ ジー エイチ アイ ジェー ケー エル エム エヌ オー ピー キュー アール エス ティー ユー ブイ"
        " ダブリュー エックス ワイ ゼット",
        "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月",
        "{h}時{m}分",
        "{h}時",
        "{y}年{m}{d}日",
        "キロメートル|メートル|センチメートル|ミリメートル|キログラム|グラム|ミリグラム|リットル|ミリリットル|キロ毎時|度|華氏度|度"
        "|ギガバイト|メガバイト|分|平方メートル|平方キロメートル",
        "ドル|ユーロ|ポンド|円|ルピー|ルーブル",
        "二分の一|四分の一|四分の三",
    ),
    "hi": _vocabulary(
        "दशमलव|माइनस|प्रतिशत|और|प्लस|बराबर|ऐट|नंबर|से|डॉट|स्लैश|गुणा|कॉपीराइट|पंजीकृत",
        "ए बी सी डी ई एफ़ जी एच आई जे के एल एम एन ओ पी क्यू आर एस टी यू वी डब्ल्यू एक्स वाई ज़ेड",
        "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
        "{h} बजकर {m} मिनट",
        "{h} बजे",
        "{d} {m} {y}",
        "किलोमीटर|मीटर|सेंटीमीटर|मिलीमीटर|किलोग्राम|ग्राम|मिलीग्राम|लीटर|मिलीलीटर|किलोमीटर प्रति घंटा|डिग्री सेल्सियस|डिग्री फ़ारेनहाइट"
        "|डिग्री|गीगाबाइट|मेगाबाइट|मिनट|वर्ग मीटर|वर्ग किलोमीटर",
        "डॉलर|यूरो|पाउंड|येन|रुपया/रुपये|रूबल",
        "आधा|चौथाई|तीन चौथाई",
        "डॉ.:डॉक्टर|श्री.:श्री|प्रो.:प्रोफ़ेसर|रु.:रुपये",
    ),
}

LOCAL_UNITS: dict[str, dict[str, str]] = {
    "en": {
        "ft": "foot/feet",
        "lb": "pound/pounds",
        "lbs": "pound/pounds",
        "oz": "ounce/ounces",
        "mph": "mile per hour/miles per hour",
    },
    "pt": {"R$": "real/reais"},
    "pl": {"zł": "złoty/złote/złotych/złotego"},
    "tr": {"TL": "lira", "₺": "lira"},
    "ru": {
        cyrillic: VOCABULARIES["ru"].units[unit]
        for cyrillic, unit in zip(
            "км м см мм кг мг л мл км/ч мин".split(), "km m cm mm kg mg l ml km/h min".split(), strict=True
        )
    },
    "cs": {"Kč": "koruna/koruny/korun/koruny"},
    "hu": {"Ft": "forint", "db": "darab"},
    "ko": {"₩": "원"},
}

CYRILLIC_LETTERS = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "а бэ вэ гэ дэ е ё жэ зэ и й ка эль эм эн о пэ эр эс тэ у эф ха цэ че ша ща ъ ы ь э ю я".split(),
        strict=True,
    )
)


def noun(forms: str, amount: str, language: str) -> str:
    """The form of a counted noun for an amount in plain digits ("3", "1.5"): "3", "en" → "dollars"."""
    choices = forms.split("/")
    if len(choices) == 1:
        return forms
    whole, _, fraction = amount.partition(".")
    number = int(whole[-4:] or "0") + (10_000 if len(whole) > 4 else 0)
    return choices[min(_form(number, bool(fraction), language), len(choices) - 1)]


def _form(number: int, fractional: bool, language: str) -> int:
    if language == "ar":
        return int(3 <= number <= 10)
    if language == "fr":
        return int(number >= 2)
    if language not in ("ru", "pl", "cs"):
        return int(number != 1 or fractional)
    if fractional:
        return 1 if language == "ru" else 3
    last, teen = number % 10, number % 100 // 10 == 1
    few = 2 <= last <= 4 and not teen if language != "cs" else 2 <= number <= 4
    one = last == 1 and not teen if language == "ru" else number == 1
    return 0 if one else 1 if few else 2
