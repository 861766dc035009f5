// One player for all that was spoken, docked at the bottom. It stands outside of what navigation swaps and goes on meanwhile.
// What is to be heard it asks of the API: of a finished generation the file, of one in progress sentence after sentence,
// and before its first sentence is whole the stream, in which it is heard while it is spoken.
"use strict";

(() => {
  const player = document.getElementById("player");
  const sound = document.getElementById("sound");
  const part = (name) => player.querySelector(`[data-${name}]`);
  const [toggle, title, sentence, slider, time, speed, close] = [
    "toggle", "title", "sentence", "slider", "time", "speed", "close",
  ].map(part);
  const STEP_SECONDS = 5;
  const ASK_EVERY_MS = 1000;
  const kept = (() => {
    try {
      return window.localStorage;
    } catch {
      return null; // refused
    }
  })();

  // Safari plays no stream without an end dependably; it has the sentences.
  const playsStreams = !navigator.vendor.startsWith("Apple") && Boolean(sound.canPlayType("audio/mpeg"));

  // What is played: the generation's address, what the API says of it, and which sentence is in `sound`; null: the whole,
  // which is the joined file or, with isLive, the stream.
  let track = null;

  const clock = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    const rest = `${String(whole % 60).padStart(2, "0")}`;
    const minutes = Math.floor(whole / 60);
    return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
  };
  const inWords = (seconds) => {
    const [minutes, rest] = [Math.floor(seconds / 60), Math.floor(seconds % 60)];
    return minutes ? `${minutes} min ${rest} s` : `${rest} s`;
  };

  // Where one is, in the whole

  const segments = () => track?.told?.segments ?? [];
  const endOf = (segment) => segment.start_seconds + segment.duration_seconds;
  function lengthSeconds() {
    if (track.index === null && Number.isFinite(sound.duration)) return sound.duration;
    if (track.index === null && !track.isLive) return track.told?.duration_seconds ?? 0;
    if (track.isAlone) return segments()[track.index]?.duration_seconds ?? 0;
    return Math.max(track.isLive ? sound.currentTime : 0, ...segments().filter((each) => each.audio_url && each.start_seconds !== null).map(endOf));
  }
  function placeSeconds() {
    if (track.index === null || track.isAlone) return sound.currentTime;
    return (segments()[track.index]?.start_seconds ?? 0) + sound.currentTime;
  }
  function heardIndex() {
    if (track.index !== null) return track.index;
    const begun = segments().filter((each) => each.start_seconds !== null && each.start_seconds <= sound.currentTime + 0.05);
    return begun.length ? begun.at(-1).index : null;
  }

  // Playing

  function load(url, seconds = 0) {
    sound.src = url;
    sound.playbackRate = Number(speed.value);
    if (seconds) sound.currentTime = seconds;
    sound.play().catch(() => show());
  }

  async function ask() {
    const asked = track;
    const response = await fetch(asked.url, { headers: { Accept: "application/json" } }).catch(() => null);
    if (track !== asked) return false;
    if (response?.ok) track.told = await response.json();
    return track === asked && Boolean(response?.ok);
  }

  function begin(next) {
    clearTimeout(track?.timer);
    track = { told: null, index: null, isAlone: false, isWaiting: false, isLive: false, ...next };
    player.hidden = false;
    title.href = track.page;
    title.textContent = track.name;
    sentence.textContent = "";
    part("wave").replaceChildren(...(track.wave ? [track.wave] : []));
    if ("mediaSession" in navigator) navigator.mediaSession.metadata = new MediaMetadata({ title: track.name });
  }

  // From the file where there is one; else its sentences, as they are spoken. `share`: where in it, 0 to 1. `isNew`: nothing
  // of it is spoken yet.
  async function play(next, { index = null, share = 0, isNew = false } = {}) {
    begin(next);
    if (isNew && playsStreams) {
      playLive(); // nothing else is asked for before its sound is there
    } else if (index === null && track.file) {
      load(track.file);
      if (share) sound.addEventListener("loadedmetadata", () => (sound.currentTime = share * sound.duration), { once: true });
      if (await ask()) show();
    } else if (await ask()) {
      track.isAlone = index !== null;
      if (index === null && playsStreams && isUnderWay() && !segments()[0]?.audio_url) playLive();
      else playSentence(index ?? 0);
    } else show();
  }

  const isUnderWay = () => ["queued", "running"].includes(track.told?.status);

  function playLive() {
    track.isLive = true;
    const url = `${track.url}/stream.mp3`;
    load(playsPieces ? openLive(url, sound) : url);
    follow();
    show();
  }

  // Which sentences there are by now, and when they begin.
  function follow() {
    const followed = track;
    track.timer = setTimeout(async () => {
      if (track !== followed || !track.isLive) return;
      await ask();
      if (track !== followed || !track.isLive) return;
      show();
      if (isUnderWay()) follow();
    }, ASK_EVERY_MS);
  }

  // The stream broke off, or there was no place for one more listener: what is spoken is there as files.
  async function leaveStream() {
    const [left, place] = [track, sound.currentTime];
    track.isLive = false;
    clearTimeout(track.timer);
    await ask();
    if (track !== left) return;
    if (isUnderWay()) playAt(place);
    else if (findFile()) load(track.file, place);
    else if (!place) stop(); // its row says why
    else show();
  }

  // A row has the joined file, once there is one. A take that was chosen is heard at once: until it is in the file, the
  // sentences are played.
  function fileOf(row) {
    const isStale = document.querySelector(`#sentences[data-of="${row?.dataset.generation}"] [data-is-stale]`);
    return isStale ? undefined : row?.dataset.file;
  }
  function findFile() {
    track.file ??= fileOf(document.querySelector(`[data-generation="${track.url}"]`));
    return track.file;
  }

  function playAt(seconds) {
    const spoken = segments().filter((each) => each.audio_url && each.start_seconds !== null && each.start_seconds <= seconds);
    const found = spoken.at(-1);
    if (!found) return playSentence(0);
    const inside = Math.min(seconds - found.start_seconds, found.duration_seconds - 0.05);
    if (found.index === track.index && !track.isWaiting) sound.currentTime = inside;
    else playSentence(found.index, inside);
  }

  function playSentence(index, seconds = 0) {
    const segment = segments()[index];
    track.index = index;
    track.isWaiting = false;
    if (!segment) {
      track.index = Math.max(0, segments().length - 1);
    } else if (segment.audio_url) {
      load(`${segment.audio_url}?take=${segment.take}`, seconds);
    } else if (isUnderWay()) {
      track.isWaiting = true;
      waitFor(index);
    } else track.index = Math.max(0, index - 1);
    show();
  }

  function waitFor(index) {
    const waiting = track;
    track.timer = setTimeout(async () => {
      if (track !== waiting || !track.isWaiting) return;
      await ask();
      if (track === waiting && track.isWaiting) playSentence(index);
    }, ASK_EVERY_MS);
  }

  function seek(seconds) {
    const place = Math.min(Math.max(0, seconds), lengthSeconds());
    if (track.isLive && !isLoaded(place)) {
      track.isLive = false;
      playAt(place);
    } else if (track.index === null || track.isAlone) sound.currentTime = place;
    else playAt(place);
    show();
  }

  // In a stream one can't go to what was not sent yet, nor everywhere in what was.
  function isLoaded(seconds) {
    for (const ranges of [sound.seekable, sound.buffered]) {
      const parts = Array.from({ length: ranges.length }, (_, part) => [ranges.start(part), ranges.end(part)]);
      if (!parts.some(([start, end]) => start <= seconds && seconds <= end)) return false;
    }
    return true;
  }

  function stop() {
    clearTimeout(track?.timer);
    track = null;
    sound.pause();
    sound.removeAttribute("src");
    sound.load();
    player.hidden = true;
    showOnPage();
  }

  // Showing

  function show() {
    if (!track) return;
    const [place, length] = [placeSeconds(), lengthSeconds()];
    const isPlaying = !sound.paused && !sound.ended;
    toggle.setAttribute("aria-pressed", isPlaying || track.isWaiting);
    time.textContent = `${clock(place)} / ${clock(length)}`;
    slider.setAttribute("aria-valuemax", Math.round(length));
    slider.setAttribute("aria-valuenow", Math.round(place));
    slider.setAttribute("aria-valuetext", fill(player.dataset.position, { place: inWords(place), length: inWords(length) }));
    slider.style.setProperty("--played", length ? `${(100 * place) / length}%` : "0%");
    const heard = segments()[heardIndex()];
    const isSilent = track.isWaiting || (track.isLive && sound.readyState < HTMLMediaElement.HAVE_CURRENT_DATA);
    const text = isSilent ? player.dataset.waiting : (heard?.text ?? "");
    if (sentence.textContent !== text) {
      sentence.textContent = text;
      sentence.lang = isSilent ? document.documentElement.lang : (track.told?.language ?? "");
    }
    showOnPage();
  }

  // What the page shows of what is heard: the button of its row, its waveform, its sentence.
  function showOnPage() {
    const isPlaying = track !== null && !sound.paused && !sound.ended;
    for (const row of document.querySelectorAll("[data-generation]")) {
      const isIt = row.dataset.generation === track?.url;
      for (const button of row.querySelectorAll("[data-play]")) button.setAttribute("aria-pressed", isIt && isPlaying);
      row.querySelector(".waveform")?.style.setProperty("--played", isIt && track.index === null ? slider.style.getPropertyValue("--played") : "0%");
    }
    const list = document.getElementById("sentences");
    if (!list) return;
    const index = track && list.dataset.of === track.url ? heardIndex() : null;
    for (const item of list.querySelectorAll("[aria-current]")) if (item.id !== `sentence-${index}`) item.removeAttribute("aria-current");
    if (index !== null) document.getElementById(`sentence-${index}`)?.setAttribute("aria-current", "true");
  }

  // What is clicked

  function trackOf(row) {
    const wave = row.querySelector(".waveform path")?.closest("svg").cloneNode(true);
    if (wave) {
      wave.querySelector("path").id = "peaks-of-player";
      wave.querySelector("use").setAttribute("href", "#peaks-of-player");
    }
    return { ...titleOf(row), url: row.dataset.generation, file: fileOf(row), wave };
  }

  const pauseOrGoOn = () => {
    if (track.isWaiting) {
      track.isWaiting = false;
      show();
    } else if (track.isLive && sound.ended && findFile()) {
      track.isLive = false;
      load(track.file);
    } else if (!sound.paused) sound.pause();
    else if (track.index !== null && !track.isAlone && (sound.ended || !sound.src)) playSentence(segments()[track.index + 1] ? track.index + 1 : 0);
    else sound.play().catch(() => {});
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-play], [data-play-one], .row .waveform");
    const row = button?.closest("[data-generation]") ?? (button && document.querySelector(`[data-generation="${button.closest("[data-of]")?.dataset.of}"]`));
    if (!row) return;
    if (button.matches(".waveform")) {
      const box = button.getBoundingClientRect();
      const share = (event.clientX - box.left) / box.width;
      if (track?.url === row.dataset.generation && track.index === null) {
        seek(share * lengthSeconds());
        sound.play().catch(() => {});
      } else play(trackOf(row), { share });
    } else if (button.matches("[data-play-one]")) {
      play(trackOf(row), { index: Number(button.closest(".sentence").id.split("-")[1]) });
    } else if (track?.url === row.dataset.generation && !track.isAlone) pauseOrGoOn();
    else play(trackOf(row));
  });
  toggle.addEventListener("click", pauseOrGoOn);
  // What was just sent with "Play while it is made". What plays already is not cut off.
  document.addEventListener("listen", ({ detail }) => {
    const row = document.getElementById(detail.row);
    if (row && (track === null || sound.paused || sound.ended)) play(trackOf(row), { isNew: true });
  });
  close.addEventListener("click", () => {
    stop();
    document.getElementById("main").focus({ preventScroll: true });
  });

  // The slider, with mouse, finger and keys

  const seekTo = (event) => {
    const box = slider.getBoundingClientRect();
    seek(lengthSeconds() * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
  };
  slider.addEventListener("pointerdown", (event) => {
    slider.setPointerCapture(event.pointerId);
    seekTo(event);
  });
  slider.addEventListener("pointermove", (event) => {
    if (slider.hasPointerCapture(event.pointerId)) seekTo(event);
  });
  slider.addEventListener("keydown", (event) => {
    const place = placeSeconds();
    const to = {
      ArrowRight: place + STEP_SECONDS, ArrowUp: place + STEP_SECONDS, ArrowLeft: place - STEP_SECONDS, ArrowDown: place - STEP_SECONDS,
      PageUp: place + 6 * STEP_SECONDS, PageDown: place - 6 * STEP_SECONDS, Home: 0, End: lengthSeconds(),
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    seek(to);
  });

  // Speed, kept

  speed.value = kept?.getItem("speed") ?? "1";
  if (!speed.value) speed.value = "1";
  speed.addEventListener("change", () => {
    sound.playbackRate = Number(speed.value);
    kept?.setItem("speed", speed.value);
  });

  // Whether one wants to hear at once what one generates, kept

  function restoreListen() {
    const box = document.querySelector("[data-listen]");
    if (box && kept?.getItem("listen")) box.checked = kept.getItem("listen") === "true";
  }
  document.addEventListener("htmx:load", restoreListen);
  document.addEventListener("change", ({ target }) => target.matches("[data-listen]") && kept?.setItem("listen", target.checked));
  restoreListen();

  for (const name of ["play", "playing", "waiting", "pause", "timeupdate", "loadedmetadata", "seeked"]) sound.addEventListener(name, show);
  sound.addEventListener("ended", () => {
    if (track && track.index !== null && !track.isAlone) playSentence(track.index + 1);
    else show();
  });
  sound.addEventListener("error", () => {
    if (track?.isLive) leaveStream();
    else if (track && sound.src) sentence.textContent = player.dataset.gone;
  });
  // One sound at a time. Media events do not bubble, hence `true`.
  document.addEventListener(
    "play",
    (event) => document.querySelectorAll("audio").forEach((audio) => audio === event.target || audio.pause()),
    true,
  );
  document.addEventListener("htmx:afterSettle", showOnPage);
  if ("mediaSession" in navigator) {
    for (const [action, offset] of [["seekbackward", -STEP_SECONDS], ["seekforward", STEP_SECONDS]]) {
      navigator.mediaSession.setActionHandler(action, () => track && seek(placeSeconds() + offset));
    }
    for (const action of ["play", "pause"]) navigator.mediaSession.setActionHandler(action, () => track && pauseOrGoOn());
  }
})();
