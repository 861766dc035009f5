// Dialogues in the form: offered where lines begin with names; the cast follows the text, and is kept as the draft is.
"use strict";

(() => {
  const WAIT_MS = 400; // after the last key
  const MIN_LINES = 2;
  const NAMED = /^[\s*_#>]*(?=[^:：]*\p{L})[^\s:：[\]"“”!?;,…][^:：[\]"“”!?;,…\n]{0,39}(?::(?=\s|$|\*)|：)/u;
  const MAX_WORDS = 4;
  const form = () => document.getElementById("form");
  const box = () => document.getElementById("id_dialogue");
  const text = () => form().elements.text.value;
  let isDeclined = false;
  let waiting = 0;

  function remember(change) {
    try {
      const known = { isOn: false, cast: {}, ...JSON.parse(sessionStorage.getItem("dialogue") ?? "{}") };
      if (change) {
        change(known);
        sessionStorage.setItem("dialogue", JSON.stringify(known));
      }
      return known;
    } catch {
      return { isOn: false, cast: {} }; // refused or full
    }
  }
  function keep() {
    remember((known) => {
      known.isOn = box().checked;
      for (const row of form().querySelectorAll(".role")) {
        const [name, voice] = row.querySelectorAll("[name=cast_name], [name=cast_voice]");
        if (voice.value) known.cast[name.value] = voice.value;
      }
    });
  }

  const isNamed = (line) => NAMED.test(line) && line.split(/[:：]/)[0].trim().split(/\s+/).length <= MAX_WORDS;
  function offer() {
    const hint = form().querySelector("[data-dialogue-hint]");
    const begins = text().slice(0, 20_000).split("\n").filter((line) => isNamed(line.slice(0, 120)));
    hint.hidden = box().checked || isDeclined || begins.length < MIN_LINES;
  }
  function refresh() {
    clearTimeout(waiting);
    if (box().checked) waiting = setTimeout(() => box()?.dispatchEvent(new Event("cast")), WAIT_MS);
  }

  function begin(root) {
    if (!form() || !box() || !(root === document || root.contains(form()) || root === form())) return;
    const asked = new URLSearchParams(location.search);
    if (root !== form() && !form().hasAttribute("data-filled") && !asked.has("use") && remember().isOn) box().checked = true;
    if (box().checked && !form().hasAttribute("data-filled")) refresh();
    offer();
  }

  begin(document);
  document.addEventListener("htmx:load", ({ target }) => begin(target));
  document.addEventListener("input", ({ target }) => {
    if (!form()?.contains(target) || target.name !== "text") return;
    offer();
    refresh();
  });
  document.addEventListener("change", ({ target }) => {
    if (!form()?.contains(target)) return;
    if (target === box()) isDeclined = !box().checked;
    if (target === box() || target.name === "cast_voice") keep();
    offer();
  });
  document.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-dialogue-hint] button")) return;
    box().click();
    box().focus();
  });
  // What was chosen for a name that is not listed now, while it is being written say.
  document.addEventListener("htmx:configRequest", ({ target, detail }) => {
    if (target !== box()) return;
    const listed = new Set([...form().querySelectorAll("[name=cast_name]")].map((each) => each.value.toLowerCase()));
    for (const [name, voice] of Object.entries(remember().cast)) {
      if (listed.has(name.toLowerCase())) continue;
      detail.formData.append("cast_name", name);
      detail.formData.append("cast_voice", voice);
    }
  });
})();
