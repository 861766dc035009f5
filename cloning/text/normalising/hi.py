"""Hindi. num2words doesn't read it, and every number to a hundred has a name of its own."""

from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import build_vocabulary

UNDER_HUNDRED = (
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस "
    "बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस "
    "तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस "
    "चालीस इकतालीस बयालीस तैंतालीस चवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास "
    "पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ "
    "साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर "
    "सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उन्यासी "
    "अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी "
    "नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे"
).split()
SCALES = (
    (10**11, "खरब"),
    (10**9, "अरब"),
    (10**7, "करोड़"),
    (10**5, "लाख"),
    (10**3, "हज़ार"),
    (100, "सौ"),
)


class Hindi(Language):
    code = "hi"
    full_stop = "।"
    group_digits = (2, 3)
    spells_decimals = True
    reads_cents = False
    reads_written_dates = False
    max_ordinal = 0

    vocabulary = build_vocabulary(
        symbols="दशमलव|माइनस|प्रतिशत|और|प्लस|बराबर|ऐट|नंबर|से|डॉट|स्लैश|गुणा|कॉपीराइट|पंजीकृत",
        letters="ए बी सी डी ई एफ़ जी एच आई जे के एल एम एन ओ पी क्यू आर एस टी यू वी डब्ल्यू एक्स वाई ज़ेड",
        months="जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
        time="{h} बजकर {m} मिनट",
        hour="{h} बजे",
        date="{d} {m} {y}",
        units=(
            "किलोमीटर|मीटर|सेंटीमीटर|मिलीमीटर|किलोग्राम|ग्राम|मिलीग्राम|लीटर|मिलीलीटर|किलोमीटर प्रति घंटा|डिग्री सेल्सियस|डिग्री फ़ारेनहाइट"
            "|डिग्री|गीगाबाइट|मेगाबाइट|मिनट|वर्ग मीटर|वर्ग किलोमीटर"
        ),
        currencies="डॉलर|यूरो|पाउंड|येन|रुपया/रुपये|रूबल",
        fractions="आधा|चौथाई|तीन चौथाई",
        abbreviations="डॉ.:डॉक्टर|श्री.:श्री|प्रो.:प्रोफ़ेसर|रु.:रुपये",
    )

    def read_short_cardinal(self, number: int) -> str:
        if number < 100:
            return UNDER_HUNDRED[number]
        words = []
        for value, name in SCALES:
            if number >= value:
                words += [self.read_short_cardinal(number // value), name]
                number %= value
        return " ".join(words + ([UNDER_HUNDRED[number]] if number else []))
