// A recording with the microphone: something to read, the level, a countdown, pause and another try. It becomes a file of the
// form's file input, as if it had been chosen there. What is said stands in the attributes of _recorder.html.
"use strict";

(() => {
  const COUNTDOWN_SECONDS = 3;
  const SAMPLE_RATE_HZ = 24_000; // what the engines speak with, too
  const NAME = "recording.wav";
  const [LOWEST_DB, QUIET_DB, LOUD_DB] = [-60, -32, -0.5];
  const [MEASURE_MS, HEARD_MS] = [100, 3000]; // the loudest of three seconds tells: speech has pauses
  const UNDER_WAY = ["recording", "paused", "saving"];

  let session = null; // there is one microphone
  let taken = null; // the last recording, for the form that comes back with what is wrong in it

  const find = (root, name) => root.querySelector(`[data-part="${name}"]`);
  const act = (root, name) => root.querySelector(`[data-act="${name}"]`);
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  function say(root, name, values = {}) {
    find(root, "status").textContent = name ? fill(root.dataset[name], values) : "";
  }

  function show(root, state) {
    const { activeElement } = document;
    const hadFocus = root.contains(activeElement);
    const main = act(root, "main");
    const label = { countdown: "cancel", recording: "stop", paused: "stop", saving: "stop", done: "again", trouble: "retry" }[state] ?? "start";
    root.dataset.state = state;
    for (const element of root.querySelectorAll("[data-in]")) element.hidden = !element.dataset.in.split(" ").includes(state);
    if (find(root, "devices").querySelectorAll("option").length < 2) find(root, "devices").hidden = true;
    main.textContent = root.dataset[label];
    main.classList.toggle("recording", state === "recording");
    if (state === "saving") main.setAttribute("aria-disabled", "true");
    else main.removeAttribute("aria-disabled");
    act(root, "pause").textContent = root.dataset[state === "paused" ? "continue" : "pause"];
    if (state !== "trouble") find(root, "trouble").textContent = "";
    if (state !== "done") forget(root);
    const moves = ["ready", "trouble"].includes(state) && activeElement === act(root, "close"); // where it was put while the browser asked
    if (hadFocus && (moves || !activeElement.checkVisibility())) [main, act(root, "close"), act(root, "open")].find((button) => button.checkVisibility())?.focus();
  }
  function forget(root) {
    const player = find(root, "heard");
    URL.revokeObjectURL(player.src);
    player.removeAttribute("src");
    player.hidden = true;
  }
  function complain(root, name) {
    end();
    say(root, "");
    show(root, "trouble");
    find(root, "trouble").textContent = root.dataset[name];
    if (name === "insecure" || name === "unsupported") {
      act(root, "close").focus();
      act(root, "main").hidden = true; // it would not help
    }
  }

  // The microphone

  const kept = (value) => {
    try {
      return value === undefined ? localStorage.getItem("microphone") : localStorage.setItem("microphone", value);
    } catch {
      return null; // refused
    }
  };
  async function listen(root) {
    const reason = !window.isSecureContext ? "insecure" : !navigator.mediaDevices?.getUserMedia || !window.MediaRecorder ? "unsupported" : null;
    if (reason) return complain(root, reason);
    end();
    const mine = (session = { root, heard: [] });
    const context = (mine.context = new AudioContext());
    show(root, "asking");
    say(root, "asking");
    const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    if (kept()) audio.deviceId = kept();
    try {
      mine.stream = await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      const names = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing", OverconstrainedError: "missing" };
      if (session === mine) complain(root, names[error.name] ?? "busy");
      return null;
    }
    if (session !== mine) return release(mine); // closed while the browser asked
    mine.stream.getAudioTracks()[0].addEventListener("ended", () => session === mine && lose(mine));
    context.resume();
    mine.analyser = Object.assign(context.createAnalyser(), { fftSize: 8192 });
    context.createMediaStreamSource(mine.stream).connect(mine.analyser);
    mine.samples = new Float32Array(mine.analyser.fftSize);
    mine.meter = setInterval(() => measure(mine), MEASURE_MS);
    await listDevices(mine);
    read(root);
    return session === mine ? mine : null;
  }
  async function listDevices(mine) {
    const select = find(mine.root, "devices").querySelector("select");
    const devices = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "audioinput");
    const name = ({ label }, index) => label || fill(select.dataset.label, { number: index + 1 });
    select.replaceChildren(...devices.map((device, index) => new Option(name(device, index), device.deviceId)));
    select.value = mine.stream.getAudioTracks()[0].getSettings().deviceId;
  }
  function release(mine) {
    clearInterval(mine.meter);
    clearInterval(mine.ticking);
    mine.stream?.getTracks().forEach((track) => track.stop());
    if (mine.context.state !== "closed") mine.context.close();
  }
  function end() {
    if (!session) return;
    const mine = session;
    session = null;
    release(mine);
  }
  function lose(mine) {
    if (!UNDER_WAY.includes(mine.root.dataset.state)) return complain(mine.root, "missing");
    mine.isUnplugged = true;
    finish(mine);
  }

  function measure(mine) {
    mine.analyser.getFloatTimeDomainData(mine.samples);
    const peak = mine.samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    const level = Math.max(LOWEST_DB, Math.min(0, 20 * Math.log10(peak)));
    mine.heard = [...mine.heard.slice(1 - HEARD_MS / MEASURE_MS), level];
    const loudest = Math.max(...mine.heard);
    const isKnown = mine.heard.length === HEARD_MS / MEASURE_MS || loudest >= QUIET_DB;
    const name = !isKnown ? null : loudest >= LOUD_DB ? "loud" : loudest < QUIET_DB ? "quiet" : "good";
    const meter = find(mine.root, "meter");
    const word = name ? mine.root.dataset[name] : "";
    meter.style.setProperty("--level", `${(100 * (level - LOWEST_DB)) / -LOWEST_DB}%`);
    meter.dataset.level = name ?? "";
    meter.setAttribute("aria-valuenow", Math.round(level));
    meter.setAttribute("aria-valuetext", `${Math.round(level)} dB ${word}`);
    if (find(mine.root, "word").textContent !== word) find(mine.root, "word").textContent = word;
  }

  // What to read, in the language of the form

  function read(root) {
    const language = root.closest("form").elements[root.dataset.languageField]?.value || root.dataset.language;
    window.htmx.ajax("GET", root.dataset.scripts, { target: find(root, "script"), swap: "innerHTML", values: { language } });
  }

  // Recording

  async function open(root) {
    if (!(await listen(root))) return;
    show(root, "ready");
    say(root, "ready");
  }
  async function again(root) {
    const mine = await listen(root);
    if (mine) count(mine);
  }
  function count(mine) {
    let left = COUNTDOWN_SECONDS;
    const showCount = () => (find(mine.root, "count").textContent = left);
    document.querySelectorAll("audio").forEach((audio) => audio.pause()); // else it is recorded, too
    show(mine.root, "countdown");
    act(mine.root, "main").focus();
    say(mine.root, "counting");
    showCount();
    mine.ticking = setInterval(() => {
      left -= 1;
      if (left) return showCount();
      clearInterval(mine.ticking);
      return record(mine);
    }, 1000);
  }
  function stopCounting(mine) {
    clearInterval(mine.ticking);
    show(mine.root, "ready");
    say(mine.root, "ready");
  }
  function record(mine) {
    const { root, stream } = mine;
    const most = Number(root.dataset.maxSeconds);
    const chunks = [];
    const recorder = (mine.recorder = new MediaRecorder(stream, { audioBitsPerSecond: 192_000 }));
    Object.assign(mine, { seconds: 0, since: performance.now() });
    const showTime = () => {
      find(root, "time").textContent = `${clock(length(mine))} / ${clock(most)}`;
      if (length(mine) >= most) finish(mine);
    };
    recorder.addEventListener("dataavailable", ({ data }) => chunks.push(data));
    recorder.addEventListener("stop", () => take(mine, new Blob(chunks, { type: recorder.mimeType })));
    recorder.start();
    mine.ticking = setInterval(showTime, 250);
    show(root, "recording");
    showTime();
    say(root, "recording", { most: clock(most) });
  }
  const length = ({ seconds, since }) => seconds + (since === null ? 0 : (performance.now() - since) / 1000);
  function pause(mine) {
    const isPaused = mine.recorder.state === "paused";
    if (isPaused) mine.recorder.resume();
    else mine.recorder.pause();
    Object.assign(mine, { seconds: length(mine), since: isPaused ? performance.now() : null });
    show(mine.root, isPaused ? "recording" : "paused");
    if (isPaused) say(mine.root, "recording", { most: clock(mine.root.dataset.maxSeconds) });
    else say(mine.root, "paused", { length: clock(mine.seconds) });
  }
  function discard(mine) {
    mine.isDiscarded = true;
    mine.recorder.stop();
    clearInterval(mine.ticking);
    show(mine.root, "ready");
    say(mine.root, "discarded");
  }
  function finish(mine) {
    if (mine.recorder.state === "inactive") return;
    clearInterval(mine.ticking);
    show(mine.root, "saving");
    say(mine.root, "saving");
    mine.recorder.stop();
  }
  async function take(mine, blob) {
    if (mine.isDiscarded) return void (mine.isDiscarded = false);
    const { root } = mine;
    const { file, seconds } = await encode(blob, Number(root.dataset.maxSeconds)).catch(() => asRecorded(blob, mine.seconds));
    if (session !== mine) return; // the page has gone
    end();
    taken = { action: root.closest("form").action, input: root.dataset.input, file, seconds };
    showTaken(root, mine.isUnplugged ? "unplugged" : "saved");
    if (mine.isSubmitted) root.closest("form").requestSubmit(mine.submitter);
  }
  function showTaken(root, sentence) {
    choose(root, taken.file);
    show(root, "done");
    say(root, sentence, { length: clock(taken.seconds) });
  }
  const inputOf = (root) => root.closest("form").querySelector(`input[type=file][name="${root.dataset.input}"]`);
  function choose(root, file) {
    const form = root.closest("form");
    const input = inputOf(root);
    const transfer = new DataTransfer();
    const isOther = ({ name }) => input.multiple && name.replace(/\..*/, "") !== NAME.replace(/\..*/, ""); // another try replaces the first
    for (const each of [...input.files].filter(isOther)) transfer.items.add(each);
    transfer.items.add(file);
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    if (input.multiple && form.querySelector("[data-chosen]")) return; // it can be heard there
    Object.assign(find(root, "heard"), { src: URL.createObjectURL(file), hidden: false });
  }

  // What browsers record says no length, and can't be cut: a WAV can.

  async function encode(blob, maxSeconds) {
    const decoder = new OfflineAudioContext(1, 1, SAMPLE_RATE_HZ);
    const sound = await decoder.decodeAudioData(await blob.arrayBuffer());
    const count = Math.min(sound.length, maxSeconds * SAMPLE_RATE_HZ);
    const channels = Array.from({ length: sound.numberOfChannels }, (_, index) => sound.getChannelData(index));
    const view = new DataView(new ArrayBuffer(44 + 2 * count));
    const write = (offset, text) => [...text].forEach((letter, index) => view.setUint8(offset + index, letter.charCodeAt(0)));
    write(0, "RIFF");
    view.setUint32(4, 36 + 2 * count, true);
    write(8, "WAVEfmt ");
    [[16, 16, 4], [20, 1, 2], [22, 1, 2], [24, SAMPLE_RATE_HZ, 4], [28, 2 * SAMPLE_RATE_HZ, 4], [32, 2, 2], [34, 16, 2]].forEach(
      ([offset, value, size]) => (size === 4 ? view.setUint32(offset, value, true) : view.setUint16(offset, value, true)),
    );
    write(36, "data");
    view.setUint32(40, 2 * count, true);
    for (let index = 0; index < count; index += 1) {
      const sample = channels.reduce((sum, channel) => sum + channel[index], 0) / channels.length;
      view.setInt16(44 + 2 * index, Math.max(-1, Math.min(1, sample)) * 32767, true);
    }
    return { file: new File([view.buffer], NAME, { type: "audio/wav" }), seconds: count / SAMPLE_RATE_HZ };
  }
  function asRecorded(blob, seconds) {
    const suffix = blob.type.includes("mp4") ? "m4a" : blob.type.includes("ogg") ? "ogg" : "webm";
    return { file: new File([blob], NAME.replace("wav", suffix), { type: blob.type }), seconds };
  }

  // What is pressed

  function close(root) {
    end();
    say(root, "");
    show(root, "closed");
  }
  function press(root) {
    const mine = session;
    const { state } = root.dataset;
    if (state === "trouble") return open(root);
    if (state === "done") return again(root);
    if (state === "ready") return count(mine);
    if (state === "countdown") return stopCounting(mine);
    return finish(mine); // nothing while it is being taken
  }
  const actions = { open, close, main: press, pause: () => pause(session), discard: () => discard(session) };

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-recorder] [data-act]");
    if (button) actions[button.dataset.act](button.closest("[data-recorder]"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || session?.root.dataset.state !== "countdown") return;
    event.preventDefault();
    stopCounting(session);
  });
  // A form that is sent in the middle of a recording takes it first, and is sent once.
  document.addEventListener(
    "submit",
    (event) => {
      const mine = session;
      if (!mine || event.target !== mine.root.closest("form")) return;
      if (!UNDER_WAY.includes(mine.root.dataset.state)) return close(mine.root);
      event.preventDefault();
      event.stopImmediatePropagation();
      Object.assign(mine, { isSubmitted: true, submitter: event.submitter });
      finish(mine);
    },
    true,
  );
  document.addEventListener("change", ({ target }) => {
    const root = session?.root;
    if (target.matches("[data-part=devices] select")) {
      kept(target.value);
      if (root?.dataset.state === "ready") open(root).then(() => target.focus());
    }
    if (!root || target.form !== root.closest("form")) return;
    if (target.name === root.dataset.languageField) read(root);
    if (root.checkVisibility()) return;
    if (UNDER_WAY.includes(root.dataset.state)) finish(session); // a saved voice is chosen, and needs no clip
    else close(root);
  });
  document.addEventListener("htmx:load", ({ target }) => {
    const root = taken && target.querySelector(`[data-recorder][data-input="${taken.input}"]`);
    const form = root?.closest("form");
    if (form?.action === taken?.action && form?.querySelector("[aria-invalid=true]") && !inputOf(root).files.length) showTaken(root, "saved");
  });
  document.addEventListener("htmx:afterSettle", () => session && !session.root.isConnected && end());
  navigator.mediaDevices?.addEventListener("devicechange", () => session?.stream && listDevices(session));
})();
