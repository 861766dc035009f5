"""A sentence of each language, with many of its sounds, that a voice speaks to be heard by."""

SAMPLES: dict[str, str] = {
    "en": "Good morning. The old clock strikes eight, and fresh bread waits on the kitchen table.",
    "es": "Buenos días. El viejo reloj da las ocho y en la cocina espera el pan recién hecho.",
    "fr": "Bonjour. La vieille horloge sonne huit heures, et le pain frais attend sur la table.",
    "de": "Guten Morgen. Die alte Uhr schlägt acht, und frisches Brot wartet auf dem Küchentisch.",
    "it": "Buongiorno. Il vecchio orologio batte le otto e il pane fresco aspetta sulla tavola.",
    "pt": "Bom dia. O velho relógio bate as oito, e o pão fresco espera na mesa da cozinha.",
    "pl": "Dzień dobry. Stary zegar wybija ósmą, a świeży chleb czeka na kuchennym stole.",
    "tr": "Günaydın. Eski saat sekizi vuruyor, taze ekmek mutfak masasında bekliyor.",
    "ru": "Доброе утро. Старые часы бьют восемь, и свежий хлеб ждёт на кухонном столе.",
    "nl": "Goedemorgen. De oude klok slaat acht uur, en vers brood wacht op de keukentafel.",
    "cs": "Dobré ráno. Staré hodiny odbíjejí osmou a na kuchyňském stole čeká čerstvý chléb.",
    "ar": "صباح الخير. تدق الساعة القديمة الثامنة، والخبز الطازج ينتظر على الطاولة.",
    "zh": "早上好。老钟敲了八下，新鲜的面包已经放在厨房的桌子上。",
    "hu": "Jó reggelt. A régi óra nyolcat üt, és friss kenyér vár a konyhaasztalon.",
    "ko": "좋은 아침입니다. 낡은 시계가 여덟 시를 알리고, 식탁에는 갓 구운 빵이 있습니다.",
    "ja": "おはようございます。古い時計が八時を打ち、焼きたてのパンが食卓で待っています。",
    "hi": "सुप्रभात। पुरानी घड़ी आठ बजाती है, और ताज़ी रोटी रसोई की मेज़ पर रखी है।",
}
