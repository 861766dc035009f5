// Tells what is good and bad about a clip as soon as it is chosen, and lets one choose the part of it that is used.
"use strict";

(() => {
  const RECHECK_MS = 500;
  const MIN_SECONDS = 1;
  const checks = new WeakMap(); // of a box: what is on its way, to be given up when other clips are chosen

  const make = (name, properties = {}) => Object.assign(document.createElement(name), properties);

  // Asking

  async function ask(box, file, ends, signal) {
    const body = new FormData();
    body.append("reference", file);
    for (const [name, value] of Object.entries(ends)) body.append(name, value);
    const token = box.closest("form").elements.csrfmiddlewaretoken.value;
    const answer = await fetch(box.dataset.coach, { method: "POST", body, signal, headers: { "X-CSRFToken": token } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.querySelector("[data-coach-result]")) throw new Error(answer.status);
    return page;
  }

  async function check(box, coach, file, ends = {}) {
    const said = coach.querySelector("[data-said]");
    const { signal } = checks.get(box);
    try {
      const answer = await ask(box, file, ends, signal);
      said.replaceChildren(answer.querySelector("[data-coach-result]"));
      const part = answer.querySelector("[data-trim]");
      if (part && !coach.querySelector("[data-trim]")) coach.append(part);
    } catch (error) {
      if (!signal.aborted) said.textContent = box.dataset.failed;
    } finally {
      if (!signal.aborted) coach.removeAttribute("aria-busy");
    }
  }

  async function checkAll(box, input) {
    checks.get(box)?.abort();
    checks.set(box, new AbortController());
    const files = [...input.files];
    const { signal } = checks.get(box);
    const coaches = files.map((file) => {
      const coach = make("section", { className: "coach" });
      coach.setAttribute("aria-label", file.name);
      coach.setAttribute("aria-busy", "true");
      if (files.length > 1) coach.append(make("p", { className: "coach-name", textContent: file.name }));
      const said = make("div", { textContent: box.dataset.checking });
      said.setAttribute("role", "status");
      said.setAttribute("data-said", "");
      coach.append(said);
      return coach;
    });
    box.replaceChildren(...coaches);
    box.hidden = !coaches.length;
    for (const [index, coach] of coaches.entries()) {
      if (signal.aborted) return;
      await check(box, coach, files[index]);
    }
  }

  // The part that is used

  const fields = (part) => ({
    start: part.querySelector("[data-trim-start]"),
    end: part.querySelector("[data-trim-end]"),
    from: part.querySelector("[data-trim-from]"),
    to: part.querySelector("[data-trim-to]"),
  });

  function move(part, moved) {
    const { start, end, from, to } = fields(part);
    const seconds = Number(part.dataset.seconds);
    const least = Math.min(MIN_SECONDS, seconds);
    const isRange = moved.type === "range";
    let [first, last] = isRange ? [Number(start.value), Number(end.value)] : [Number(from.value), Number(to.value || seconds)];
    if (isRange && moved === start) first = Math.min(first, last - least);
    if (isRange && moved === end) last = Math.max(last, first + least);
    [first, last] = [Math.max(0, first), Math.min(seconds, last)];
    [start.value, end.value] = [first, last];
    if (isRange) [from.value, to.value] = [first.toFixed(1), last >= seconds - 0.1 ? seconds : last.toFixed(1)];
    show(part, first, last);
  }

  function show(part, first, last) {
    const used = part.querySelector("[data-trim-used]");
    const width = part.querySelector("svg").viewBox.baseVal.width / Number(part.dataset.seconds);
    used.setAttribute("x", first * width);
    used.setAttribute("width", Math.max(0, last - first) * width);
    const { start, end } = fields(part);
    start.setAttribute("aria-valuetext", `${first.toFixed(1)} s`);
    end.setAttribute("aria-valuetext", `${last.toFixed(1)} s`);
  }

  let recheck = 0;
  function recheckSoon(part) {
    const box = part.closest("[data-coach]");
    if (!box) return;
    clearTimeout(recheck);
    recheck = setTimeout(() => {
      const coach = part.closest(".coach");
      const file = fileOf(coach);
      const { from, to } = fields(part);
      if (!file) return;
      coach.setAttribute("aria-busy", "true");
      check(box, coach, file, { start_seconds: from.value, end_seconds: to.value });
    }, RECHECK_MS);
  }

  const inputOf = (box) => box.closest("form").querySelector("input[type=file][name=reference]");
  const fileOf = (coach) => inputOf(coach.parentElement).files[[...coach.parentElement.children].indexOf(coach)];

  // Listening to it

  function listen(part, button) {
    const audio = part.querySelector("audio");
    if (!audio.paused) {
      audio.pause();
      return;
    }
    const coach = part.closest(".coach");
    const file = coach && fileOf(coach);
    if (!audio.src) audio.src = file ? URL.createObjectURL(file) : part.dataset.source;
    audio.onplay = () => button.setAttribute("aria-pressed", "true");
    audio.onpause = () => button.setAttribute("aria-pressed", "false");
    audio.ontimeupdate = () => {
      if (audio.currentTime >= Number(fields(part).to.value)) audio.pause();
    };
    audio.currentTime = Number(fields(part).from.value);
    audio.play();
  }

  document.addEventListener("change", ({ target }) => {
    if (target.type === "file" && target.name === "reference") {
      const box = target.form?.querySelector("[data-coach]");
      if (box) checkAll(box, target);
    } else if (target.closest?.("[data-trim]")) recheckSoon(target.closest("[data-trim]"));
  });
  document.addEventListener("input", ({ target }) => {
    const part = target.closest?.("[data-trim]");
    if (part) move(part, target);
  });
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-trim-play]");
    if (button) listen(button.closest("[data-trim]"), button);
  });
  // A start and an end for each clip, whether it is checked already or not; none where no clip is sent.
  document.addEventListener("formdata", ({ target, formData }) => {
    const box = target.querySelector("[data-coach]");
    if (!box) return;
    formData.delete("start_seconds");
    formData.delete("end_seconds");
    if (!formData.has("reference")) return;
    for (const coach of box.children) {
      const part = coach.querySelector("[data-trim]");
      formData.append("start_seconds", part ? fields(part).from.value : "");
      formData.append("end_seconds", part ? fields(part).to.value : "");
    }
  });
})();
