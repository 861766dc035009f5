"""Subtitles as FFmpeg reads them, which knows both formats."""

import itertools
import re
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloning.text.subtitles import (
    MAX_CUE_SECONDS,
    MAX_LINE_COLUMNS,
    MAX_LINES,
    Cue,
    count_columns,
    divide_all,
    format_srt,
    format_webvtt,
)

LONG_TEXTS = {
    "en": "When the rain had stopped, everybody went out into the garden to see what was left of the roses. ",
    "de": "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle ist ein langes Wort. ",
    "zh": "我们今天去公园玩的时候，看见了一只很大的狗在那里跑来跑去，谁也不知道它是从哪里来的。",
    "ja": "今日はとても天気が良いので、友達と一緒に公園へ散歩に行って、桜の花を見ることにしました。",
    "ko": "비가 그친 뒤에 모두 정원으로 나가서 장미가 얼마나 남았는지 살펴보았습니다. ",
    "ar": "بعد أن توقف المطر، خرج الجميع إلى الحديقة ليروا ما بقي من الورود. ",
    "hi": "बारिश रुकने के बाद, सब लोग बगीचे में गए और देखा कि कितने गुलाब बचे हैं। ",
}


def read_back(content: str, suffix: str, folder: Path) -> list[Cue]:
    """The cues as FFmpeg's demuxer and decoder have them, as SSA's plain events, times rounded to 10 ms."""
    path = folder / f"subtitles.{suffix}"
    path.write_bytes(content.encode())
    result = subprocess.run(
        ["ffmpeg", "-loglevel", "error", "-i", path, "-f", "ass", "-"], capture_output=True, check=True
    )
    assert not result.stderr
    found = []
    for line in result.stdout.decode().splitlines():
        if line.startswith("Dialogue: "):
            _, start, end, *_, text = line.removeprefix("Dialogue: ").split(",", 9)
            found.append(Cue(parse_seconds(start), parse_seconds(end), text.replace("\\N", "\n")))
    return found


def parse_seconds(time: str) -> float:
    hours, minutes, seconds = time.split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


def visible(text: str) -> str:
    return re.sub(r"[\s\u200f\u2060]", "", text)


FORMATS = {"srt": format_srt, "vtt": format_webvtt}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("language", LONG_TEXTS)
def test_long_cues_are_read_back_whole_in_lines_and_times_that_can_be_read(
    suffix: str, language: str, tmp_path: Path
) -> None:
    cues = [Cue(0.0, 19.5, LONG_TEXTS[language] * 3), Cue(20.25, 27.25, LONG_TEXTS[language])]
    found = read_back(FORMATS[suffix](cues), suffix, tmp_path)
    assert len(found) > 3
    assert visible("".join(cue.text for cue in found)) == visible("".join(cue.text for cue in cues))
    for cue in found:
        assert cue.end_seconds - cue.start_seconds <= MAX_CUE_SECONDS + 0.01
        lines = cue.text.split("\n")
        assert len(lines) <= MAX_LINES
        assert all(0 < count_columns(line) <= MAX_LINE_COLUMNS for line in lines)
        assert not [line for line in lines if line.strip("\u200f")[0] in "、。，।،.,"]
    assert all(one.end_seconds <= other.start_seconds + 0.011 for one, other in itertools.pairwise(found))
    assert (found[0].start_seconds, found[-1].end_seconds) == (0.0, 27.25)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    "text",
    [
        "Fish & chips cost < 5 and > 3 &amp; &lt;b&gt;",
        "<b>bold</b> <i>and <c.red>more</c> </i>",
        "00:00:01.000 --> 00:00:02.000",
        "a --> b ---> c",
        "{\\an8}{\\b1}up",
        "NOTE this is said",
        "STYLE",
        "WEBVTT",
        "7",
        "one\n\ntwo\r\n\r\n3\r\n00:00:00,000 --> 00:00:09,000\r\nthree",
        "nul \x00 and \ud800 and \u2028 go",
    ],
)
def test_text_is_never_taken_for_anything_else(suffix: str, text: str, tmp_path: Path) -> None:
    cues = [Cue(0.0, 3.0, text), Cue(3.0, 4.0, "After it.")]
    found = read_back(FORMATS[suffix](cues), suffix, tmp_path)
    assert [(cue.start_seconds, cue.end_seconds) for cue in found] == [(0, 3), (3, 4)]
    shown = re.sub(r"[\x00\ud800\u2028]", "", text)
    assert visible(unescape_ass(found[0].text)) == visible(shown)
    assert found[1].text == "After it."


def unescape_ass(text: str) -> str:
    return text.replace("\\{", "{").replace("\\}", "}").replace("\\\\", "\\")


def test_what_the_files_look_like() -> None:
    cues = [Cue(0.0, 1.2346, "Fish & chips."), Cue(3661.5, 3662.0, "Later.")]
    assert format_srt(cues) == (
        "1\r\n00:00:00,000 --> 00:00:01,235\r\nFish & chips.\r\n\r\n"
        "2\r\n01:01:01,500 --> 01:01:02,000\r\nLater.\r\n\r\n"
    )
    assert format_webvtt(cues) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.235\nFish &amp; chips.\n\n"
        "01:01:01.500 --> 01:01:02.000\nLater.\n"
    )
    assert (format_srt([]), format_webvtt([])) == ("", "WEBVTT\n")
    assert format_srt([Cue(0, 1, " \n\x00")]) == ""


def test_time_is_shared_by_characters_and_clauses_stay_whole() -> None:
    first, second = "They waited by the harbour wall until nightfall,", "and nobody came to look for them."
    one, other = divide_all([Cue(0.0, 9.0, f"{first} {second}")])
    assert (one.text, other.text) == (first, second)
    share = (len(first) + 1) / (len(first) + 1 + len(second))
    assert one.end_seconds == other.start_seconds == pytest.approx(9 * share, abs=0.001)


def test_arabic_lines_are_marked_right_to_left_and_others_are_not() -> None:
    text = LONG_TEXTS["ar"].strip() + " XTTS"
    for line in format_srt([Cue(0, 6, text)]).split("\r\n")[2:4]:
        assert line[0] == line[-1] == "\u200f"
    assert "\u200f" not in format_srt([Cue(0, 6, "One word, سلام, in English.")])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 8), st.floats(0, 40), st.one_of(st.text(max_size=300), st.sampled_from([*LONG_TEXTS.values()]))
        ),
        max_size=6,
    )
)  # fmt: skip
def test_any_cues_keep_their_text_and_do_not_overlap(spoken: list[tuple[float, float, str]]) -> None:
    cues, now = [], 0.0
    for pause, duration, text in spoken:
        cues.append(Cue(now + pause, now + pause + duration, text))
        now = cues[-1].end_seconds
    shown = list(divide_all(cues))
    assert all(one.start_seconds < one.end_seconds for one in shown)
    assert all(one.end_seconds <= other.start_seconds for one, other in itertools.pairwise(shown))
    for content in (format_srt(cues), format_webvtt(cues)):
        content.encode()
        assert len(re.findall(r"^\d\d:\d\d:\d\d[,.]\d{3} --> \d\d", content, re.MULTILINE)) == len(shown)
        assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f]", content)


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "a " * 50_000, "好" * 100_000, "한" * 100_000, "a\u0301" * 50_000, "(" * 100_000]
)
def test_time_grows_with_the_length_alone(text: str) -> None:
    format_srt([Cue(0.0, 60.0, text[:100])])
    started = time.process_time()
    format_srt([Cue(0.0, 6_000.0, text)])
    assert time.process_time() - started < 10  # below 1 s alone; minutes where it's quadratic
