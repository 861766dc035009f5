// The form: how long the text will be, whether it fits the language, and a draft that outlives a reload and Back.
"use strict";

(() => {
  const OPTIONS = ["voice", "language", "speed", "temperature", "format"]; // kept for good; text and seed as long as the tab
  const MIN_LETTERS = 3;
  const storage = (name) => {
    try {
      return window[name];
    } catch {
      return null; // refused
    }
  };
  const [draft, options] = [storage("sessionStorage"), storage("localStorage")];
  const form = () => document.getElementById("form");
  const field = (name) => form()?.elements[name];
  const languages = () => JSON.parse(form().dataset.languages); // names, rates, scripts

  // Length

  const thousands = (number) => number.toLocaleString("en").replaceAll(",", "\u00a0"); // in any language, as the server
  function inWords(seconds) {
    if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
    return seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} h`;
  }
  const PAUSE = /\[pause(?:[ :=]{0,3}([0-9.,]{1,9}) ?(ms|s|sec|seconds?))?\]/gi;
  const BLANK_LINE_SECONDS = 0.75;
  // As the server reads them: what a text asks for, and the end of a paragraph.
  function findPauses(text) {
    let [seconds, chars] = [0, 0];
    for (const [tag, length, unit] of text.matchAll(PAUSE)) {
      seconds += length === undefined ? 1 : (Number(length.replace(",", ".")) || 0) / (unit.toLowerCase() === "ms" ? 1000 : 1);
      chars += tag.length;
    }
    seconds += BLANK_LINE_SECONDS * (text.split("\n").filter((line) => !line.trim()).length);
    return { seconds, chars };
  }
  function showLength() {
    const text = field("text");
    const output = document.getElementById("id_text_helptext");
    const [count, most] = [[...text.value.trim()].length, Number(text.dataset.maxChars)]; // code points, as the server counts
    const isOver = count > most;
    const pauses = findPauses(text.value.trim());
    const spoken = (count - pauses.chars) / languages().rates[field("language").value] / (Number(field("speed").value) || 1);
    const seconds = spoken + pauses.seconds;
    const wasOver = output.classList.contains("over");
    const isNear = count > most * 0.8;
    const characters = isNear
      ? fill(form().dataset.charactersOf, { count: thousands(count), most: thousands(most) })
      : fillCounted(form(), "characters", count, { count: thousands(count) });
    output.textContent = count && !isOver ? fill(form().dataset.about, { characters, length: inWords(seconds) }) : characters;
    output.classList.toggle("over", isOver);
    if (isOver && !wasOver) document.getElementById("announcer").textContent = form().dataset.tooLong;
  }

  // Language

  const matchers = {};
  function languagesByScript(text) {
    const { scripts } = languages();
    const begin = text.slice(0, 2000);
    const counts = {};
    for (const script of [...Object.keys(scripts), "Latin"]) {
      matchers[script] ??= new RegExp(`\\p{Script=${script}}`, "gu");
      counts[script] = begin.match(matchers[script])?.length ?? 0;
    }
    const kana = counts.Hiragana + counts.Katakana;
    if (counts.Han && kana >= counts.Han / 10) [counts.Hiragana, counts.Han] = [counts.Hiragana + counts.Han, 0];
    const [script, count] = Object.entries(counts).sort((one, other) => other[1] - one[1])[0];
    return count < MIN_LETTERS ? null : script === "Latin" ? "latin" : scripts[script];
  }
  function showHint() {
    const hint = form().querySelector("[data-hint]");
    const select = field("language");
    const found = languagesByScript(field("text").value);
    const name = (code) => languages().names[code] ?? "";
    const isLatin = !Object.values(languages().scripts).flat().includes(select.value);
    const isFit = found === null || (found === "latin" ? isLatin : found.includes(select.value));
    const said = isFit ? "" : found === "latin" ? fill(form().dataset.latin, { language: name(select.value) }) : fill(form().dataset.looks, { language: name(found[0]) });
    const text = hint.querySelector("p");
    if (text.textContent !== said) text.textContent = said;
    const button = hint.querySelector("button");
    button.hidden = found === "latin";
    button.value = isFit || found === "latin" ? "" : found[0];
    button.textContent = fill(form().dataset.switch, { language: name(button.value) });
    hint.hidden = isFit;
  }

  // A stock voice brings its language along, unless one was chosen by hand.
  let isLanguageChosen = draft?.getItem("language-chosen") === "true";
  function chooseLanguage(target) {
    const { language } = target.name === "voice" ? (target.labels[0]?.querySelector("[data-language]")?.dataset ?? {}) : {};
    if (language && !isLanguageChosen) field("language").value = language;
    if (target.name !== "language" && !target.closest("[data-hint]")) return;
    isLanguageChosen = true;
    draft?.setItem("language-chosen", "true");
  }

  // Draft

  const value = (name) => {
    const found = field(name);
    return found instanceof RadioNodeList || found?.type === "radio" ? new FormData(form()).get(name) : found?.value;
  };
  function keep() {
    const write = (where, names) => {
      const values = Object.fromEntries(names.map((name) => [name, value(name) ?? ""]));
      try {
        where?.setItem("composer", JSON.stringify(values));
      } catch {
        // full: the draft is not kept
      }
    };
    write(draft, ["text", "seed", "consent"]);
    write(options, OPTIONS);
  }
  function put(name, kept) {
    const found = field(name);
    if (!found || kept === undefined || (kept === "" && name !== "voice")) return;
    if (found instanceof RadioNodeList) {
      const radio = [...found].find((each) => each.value === kept);
      if (!radio) return;
      radio.checked = true;
      radio.closest("details")?.setAttribute("open", "");
    } else if (found.tagName !== "SELECT" || [...found.options].some((option) => option.value === kept)) found.value = kept;
  }
  function restore() {
    const asked = new URLSearchParams(location.search); // "use" fills the form in itself, "voice" a part of it
    if (form().hasAttribute("data-filled") || asked.has("use")) return;
    const read = (where) => JSON.parse(where?.getItem("composer") ?? "{}");
    for (const [name, kept] of Object.entries({ ...read(options), ...read(draft) })) if (!asked.has(name)) put(name, kept);
  }

  // Clips: a browser keeps none over a reload; moving about keeps them here.

  let clips = [];
  function rememberClips(input) {
    clips = [...input.files];
    draft?.setItem("clips", clips.map((file) => file.name).join(", "));
  }
  async function restoreClips() {
    const input = form().querySelector(".drop input[type=file]");
    const names = draft?.getItem("clips");
    if (!input || input.files.length) return;
    if (!clips.length && names) {
      const found = await takeFromShelf().catch(() => []);
      if (input.files.length) return; // others were chosen meanwhile
      clips = found;
    }
    if (clips.length) {
      const transfer = new DataTransfer();
      for (const file of clips) transfer.items.add(file);
      input.files = transfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (names) {
      const output = document.getElementById("id_reference_helptext");
      output.textContent = fill(form().dataset.again, { names });
    }
  }

  // Where the server leads to another document, as when a session has ended, they wait in the browser's database: for an hour,
  // and for the account that chose them.
  const SHELF_MS = 3_600_000;
  const happens = (request) => new Promise((done, fail) => Object.assign(request, { onsuccess: done, oncomplete: done, onerror: fail, onabort: fail }));
  async function openShelf() {
    const request = indexedDB.open("composer");
    request.onupgradeneeded = () => request.result.createObjectStore("clips");
    await happens(request);
    const change = request.result.transaction("clips", "readwrite");
    return { shelf: change.objectStore("clips"), ends: happens(change) };
  }
  async function putOnShelf() {
    const { shelf, ends } = await openShelf();
    shelf.put({ clips, account: draft?.getItem("account"), at: Date.now() }, "clips");
    await ends;
  }
  async function takeFromShelf() {
    const { shelf } = await openShelf();
    const found = shelf.get("clips");
    shelf.delete("clips");
    await happens(found);
    const { clips: kept = [], account, at = 0 } = found.result ?? {};
    return account === draft?.getItem("account") && Date.now() - at < SHELF_MS ? kept : [];
  }
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const address = event.detail.xhr.getResponseHeader("HX-Redirect");
    if (!address || !clips.length) return;
    event.preventDefault();
    putOnShelf().catch(() => {}).finally(() => location.assign(address));
  });

  function show() {
    showLength();
    showHint();
  }
  function begin(root) {
    if (clips.length && document.querySelector("[data-keeps-clips]")) putOnShelf().catch(() => {});
    if (!form() || !(root === document || root.contains(form()) || root === form())) return;
    if (root !== form()) {
      restore();
      restoreClips();
    }
    show();
  }

  begin(document);
  document.addEventListener("htmx:load", ({ target }) => begin(target));
  for (const type of ["input", "change"]) {
    document.addEventListener(type, (event) => {
      if (!form()?.contains(event.target)) return;
      if (event.target.type === "file") rememberClips(event.target);
      else {
        if (type === "change") chooseLanguage(event.target);
        show();
        keep();
      }
    });
  }
  document.addEventListener("click", (event) => {
    const text = field("text");
    const sentence = event.target.closest("[data-try]");
    const hint = event.target.closest("[data-hint] button");
    const insert = event.target.closest("[data-insert]");
    if (insert) text.setRangeText(insert.dataset.insert, text.selectionStart, text.selectionEnd, "end");
    if (sentence) text.value = sentence.dataset.try;
    if (hint) {
      field("language").value = hint.value;
      chooseLanguage(hint);
    }
    if (!sentence && !hint && !insert) return;
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !form()?.contains(event.target)) return;
    event.preventDefault();
    form().requestSubmit();
  });
  // A saved voice needs no clip: what was chosen before stays for the next new voice.
  document.addEventListener("formdata", ({ target, formData }) => {
    if (target === form() && formData.get("voice")) formData.delete("reference");
  });
})();
