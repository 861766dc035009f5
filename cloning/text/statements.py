"""What somebody reads aloud who agrees to be cloned, in sixteen languages: those in which OpenAI asks for it, too.

Each names who runs this server. The sentences are built so that a name stands in them as it is.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class StatementScript:
    language: str
    name: str  # of the language, in itself
    sentence: str  # with {operator}
    operator: str  # what stands there where nobody is named

    def write(self, operator: str) -> str:
        return self.sentence.replace("{operator}", operator or self.operator)


SCRIPTS = {
    script.language: script
    for script in (
        StatementScript(
            "en",
            "English",
            "I am the owner of this voice and I consent to {operator} using this voice to create a synthetic voice model.",
            "the operator of this server",
        ),
        StatementScript(
            "de",
            "Deutsch",
            "Diese Stimme ist meine eigene, und ich bin damit einverstanden, dass {operator} sie verwendet, um ein "
            "synthetisches Stimmmodell zu erstellen.",
            "der Betreiber dieses Servers",
        ),
        StatementScript(
            "es",
            "Español",
            "Esta voz es mía y doy mi consentimiento para que {operator} la utilice para crear un modelo de voz sintética.",
            "el operador de este servidor",
        ),
        StatementScript(
            "fr",
            "Français",
            "Cette voix est la mienne et je consens à ce que {operator} l'utilise pour créer un modèle de voix "
            "synthétique.",
            "l'exploitant de ce serveur",
        ),
        StatementScript(
            "hi",
            "हिन्दी",
            "यह आवाज़ मेरी अपनी है, और मेरी सहमति है कि {operator} इस आवाज़ का उपयोग करके एक कृत्रिम आवाज़ मॉडल बनाए।",
            "इस सर्वर का संचालक",
        ),
        StatementScript(
            "id",
            "Bahasa Indonesia",
            "Saya adalah pemilik suara ini dan saya menyetujui {operator} menggunakan suara ini untuk membuat model suara "
            "sintetis.",
            "pengelola server ini",
        ),
        StatementScript(
            "it",
            "Italiano",
            "Questa voce è mia e acconsento che {operator} la utilizzi per creare un modello di voce sintetica.",
            "il gestore di questo server",
        ),
        StatementScript(
            "ja",
            "日本語",
            "私はこの声の持ち主であり、{operator}がこの声を使って合成音声モデルを作成することに同意します。",
            "このサーバーの運営者",
        ),
        StatementScript(
            "ko",
            "한국어",
            "나는 이 목소리의 주인이며, {operator} 측에서 이 목소리를 사용하여 합성 음성 모델을 만드는 것에 동의합니다.",
            "이 서버의 운영자",
        ),
        StatementScript(
            "nl",
            "Nederlands",
            "Deze stem is van mij en ik ga ermee akkoord dat {operator} deze stem gebruikt om een synthetisch stemmodel te "
            "maken.",
            "de beheerder van deze server",
        ),
        StatementScript(
            "pl",
            "Polski",
            "Ten głos należy do mnie i zgadzam się, aby został wykorzystany przez {operator} do stworzenia syntetycznego "
            "modelu głosu.",
            "operatora tego serwera",
        ),
        StatementScript(
            "pt",
            "Português",
            "Esta voz é minha e autorizo {operator} a usá-la para criar um modelo de voz sintética.",
            "o operador deste servidor",
        ),
        StatementScript(
            "ru",
            "Русский",
            "Этот голос принадлежит мне, и я соглашаюсь на его использование для создания синтетической модели голоса. "
            "Согласие получает {operator}.",
            "оператор этого сервера",
        ),
        StatementScript(
            "uk",
            "Українська",
            "Цей голос належить мені, і я погоджуюся на його використання для створення синтетичної моделі голосу. "
            "Згоду отримує {operator}.",
            "оператор цього сервера",
        ),
        StatementScript(
            "vi",
            "Tiếng Việt",
            "Tôi là chủ sở hữu của giọng nói này và tôi đồng ý để {operator} sử dụng giọng nói này nhằm tạo ra một mô hình "
            "giọng nói tổng hợp.",
            "đơn vị vận hành máy chủ này",
        ),
        StatementScript(
            "zh",
            "中文",
            "我是此声音的所有者，我同意{operator}使用此声音创建合成语音模型。",
            "本服务器的运营者",
        ),
    )
}
LANGUAGE_NAMES = {script.language: script.name for script in SCRIPTS.values()}
