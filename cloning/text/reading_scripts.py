"""What to read aloud for a recording of one's voice: some 25 seconds in each language, with as many of its sounds as
a short story holds, a question and an exclamation."""

READING_SCRIPTS: dict[str, str] = {
    "en": (
        "On Thursday the boy next door woke up early, put on his yellow jacket and walked down to the harbour. "
        "Was that a ship far out there, or only a cloud above the water? He measured the wind, laughed, and shouted: "
        "“What a joy to be here!” Then he bought five fresh fish, a jar of orange juice and some cheese, "
        "and went quickly home before the church bells rang at noon."
    ),
    "es": (
        "El jueves, muy temprano, la pequeña Noelia se puso su chaqueta amarilla y bajó corriendo hasta el puerto. "
        "¿Era aquello un barco lejano o solo una nube gris sobre el agua? Se rio y gritó: «¡Qué alegría volver aquí!». "
        "Luego compró cinco peces frescos, un queso redondo y zumo de naranja, y regresó a casa antes de que las "
        "campanas de la iglesia dieran las doce."
    ),
    "fr": (
        "Jeudi matin, le jeune voisin s'est levé très tôt, a mis son manteau bleu et il est descendu jusqu'au port. "
        "Était-ce un bateau, là-bas, ou seulement un nuage au-dessus de l'eau ? Il a ri, puis il a crié : "
        "« Quel bonheur d'être ici ! » Ensuite il a acheté cinq poissons frais, un grand fromage, du jus d'orange et "
        "des champignons, avant de rentrer quand les cloches sonnaient midi."
    ),
    "de": (
        "Am Donnerstag stand der Junge von nebenan früh auf, zog seine gelbe Jacke an und lief hinunter zum Hafen. "
        "War das dort draußen ein Schiff oder doch nur eine Wolke über dem Wasser? Er lachte und rief den Leuten zu: "
        "„Wie schön, wieder hier zu sein!“ Dann kaufte er fünf frische Fische, ein Stück Käse und etwas Apfelsaft, "
        "und bevor die Kirchenglocken zwölf schlugen, war er schon zu Hause."
    ),
    "it": (
        "Giovedì mattina il ragazzo della porta accanto si è svegliato presto, ha messo la giacca gialla ed è sceso "
        "fino al porto. Era una nave, laggiù, o soltanto una nuvola sopra l'acqua? Ha riso e ha gridato: «Che gioia "
        "essere di nuovo qui!» Poi ha comprato cinque pesci freschi, un pezzo di formaggio, dell'aglio e delle "
        "castagne, ed è tornato a casa prima che le campane suonassero mezzogiorno."
    ),
    "pt": (
        "Na quinta-feira, o filho da vizinha acordou cedo, vestiu o casaco amarelo e desceu até o porto. Seria um "
        "navio lá longe, ou apenas uma nuvem cinzenta por cima da água? Ele riu e gritou: “Que alegria estar aqui "
        "outra vez!” Depois comprou cinco peixes frescos, um queijo redondo, pão quente e suco de maçã, e voltou "
        "depressa para casa, antes que os sinos da igreja batessem meio-dia."
    ),
    "pl": (
        "W czwartek chłopiec z sąsiedztwa wstał bardzo wcześnie, włożył żółtą kurtkę i zszedł do portu. Czy to był "
        "statek, tam daleko, czy tylko chmura nad wodą? Roześmiał się i zawołał: „Jaki piękny dzień!” Potem kupił "
        "pięć świeżych ryb, dzbanek soku i kawałek sera, a zanim dzwony kościoła wybiły dwunastą, szybko wrócił do "
        "domu, gdzie czekała już babcia z gorącą herbatą."
    ),
    "tr": (
        "Perşembe günü komşunun oğlu erkenden uyandı, sarı ceketini giydi ve limana kadar yürüdü. Uzakta görünen şey "
        "bir gemi miydi, yoksa suyun üstünde yalnızca bir bulut mu? Güldü ve yüksek sesle bağırdı: “Burada olmak ne "
        "güzel!” Sonra beş taze balık, bir parça peynir, ılık ekmek ve portakal suyu aldı; öğle olmadan, yağmur "
        "başlamadan hızla eve döndü, bisikletini garaja koydu ve ailesine çay yaptı."
    ),
    "ru": (
        "В четверг соседский мальчик проснулся очень рано, надел жёлтую куртку и спустился к гавани. Что это было "
        "вдалеке: корабль или всего лишь облако над водой? Он засмеялся и громко крикнул: «Какое счастье снова быть "
        "здесь!» Потом он купил пять свежих рыб, кусок сыра, ещё тёплый хлеб и яблочный сок, а прежде чем пробило "
        "двенадцать, быстро вернулся домой, где бабушка уже пила кофе."
    ),
    "nl": (
        "Donderdag werd de jongen van hiernaast vroeg wakker, trok zijn gele jas aan en liep naar de haven. Was dat "
        "een schip, daar in de verte, of alleen een grijze wolk boven het water? Hij lachte en riep luid: “Wat leuk "
        "om weer hier te zijn!” Daarna kocht hij vijf verse vissen, een stuk oude kaas en wat sinaasappelsap, en "
        "nog voor de klok twaalf uur sloeg, fietste hij vrolijk door de nieuwe straat naar huis."
    ),
    "cs": (
        "Ve čtvrtek se chlapec od vedle probudil velmi brzy, oblékl si žlutou bundu a sešel dolů k přístavu. Byla to "
        "tam v dálce loď, nebo jenom šedý mrak nad vodou? Zasmál se a hlasitě zavolal: „To je ale radost být zase "
        "tady!“ Potom koupil pět čerstvých ryb, kousek sýra, džbán šťávy a teplý chléb, a než zvony odbily dvanáctou "
        "hodinu, už běžel domů za babičkou, která mezitím uvařila dobrý čaj."
    ),
    "ar": (
        "في صباح يوم الخميس استيقظ ابن الجيران باكراً، ولبس معطفه الأصفر ثم نزل إلى الميناء. هل كانت تلك سفينة بعيدة، "
        "أم مجرد غيمة فوق الماء؟ ضحك وصاح بصوت عالٍ: «ما أجمل العودة إلى هنا!» ثم اشترى خمس سمكات طازجة وقطعة جبن "
        "وخبزاً ساخناً وعصير برتقال، وقبل أن تدق الساعة الثانية عشرة ظهراً رجع مسرعاً إلى بيت جدته."
    ),
    "zh": (
        "星期四，邻居家的男孩很早就醒了，穿上绿色的外套，一路走到港口。远处那是一艘船，还是只是水面上的一朵云？"
        "他笑着大声喊道：“能回到这里真是太高兴了！”然后他买了五条新鲜的鱼、一块奶酪、热面包和橙汁。"
        "中午十二点的钟声还没有响，他就骑着自行车，飞快地回到了奶奶家。"
    ),
    "hu": (
        "Csütörtökön a szomszéd fiú nagyon korán ébredt, felvette a sárga kabátját, és lesétált a kikötőbe. Hajó volt "
        "az ott a messzeségben, vagy csak egy szürke felhő a víz fölött? Nevetett, és hangosan felkiáltott: „De jó "
        "újra itt lenni!” Aztán vett öt friss halat, egy darab sajtot, meleg zsemlét és egy üveg narancslevet, és "
        "mielőtt a harang delet ütött volna, gyorsan hazament a kutyájával."
    ),
    "ko": (
        "목요일 아침, 옆집 소년은 아주 일찍 일어나 노란 외투를 입고 항구까지 걸어갔습니다. 저 멀리 보이는 것은 "
        "배였을까요, 아니면 물 위에 뜬 구름이었을까요? 소년은 웃으며 크게 외쳤습니다. “여기에 다시 오니 정말 기쁘다!” "
        "그리고 싱싱한 생선 다섯 마리와 치즈 한 조각, 빵을 사서, 열두 시 종이 울리기 전에 할머니 댁으로 "
        "돌아갔습니다."
    ),
    "ja": (
        "木曜日の朝、となりの家の少年はとても早く起きて、黄色い上着を着ると、港まで歩いて行きました。遠くに見えるのは"
        "船でしょうか、それとも水の上の雲でしょうか。少年は笑って、大きな声でさけびました。「ここに戻って来られて、"
        "本当にうれしい！」それから新鮮な魚を五匹、チーズをひと切れ、焼きたてのパンとりんごジュースを買い、十二時の"
        "鐘が鳴る前に、急いでおばあさんの家へ帰りました。"
    ),
    "hi": (
        "गुरुवार की सुबह पड़ोस का लड़का बहुत जल्दी उठा, उसने पीली जैकेट पहनी और बंदरगाह तक पहुँचा। क्या दूर वह "
        "कोई जहाज़ था, या पानी के ऊपर बस एक बादल? वह हँसा और ज़ोर से बोला: “यहाँ फिर आकर कितनी खुशी हुई!” फिर उसने "
        "पाँच ताज़ी मछलियाँ, थोड़ा पनीर, गरम रोटी और संतरे का रस खरीदा, और दोपहर के बारह बजने से पहले दादी के "
        "घर लौट आया।"
    ),
}
