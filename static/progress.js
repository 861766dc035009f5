// What is under way, in the tab's title; and times that stay true.
"use strict";

(() => {
  const EVERY_MS = 15_000;
  const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3600], ["minute", 60]];
  const PREFIX = /^(\d+ %|…|✓) · /;
  const isNarrow = matchMedia("(max-width: 47.99rem)"); // where a row has room for "5 min", not for "5 minutes ago"
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
  const inShort = (count, unit) => count.toLocaleString(document.documentElement.lang, { style: "unit", unit, unitDisplay: "short" });
  let wasUnderWay = 0;
  let isReady = false;

  function showTimes() {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
      const unit = UNITS.find(([, size]) => seconds >= size);
      const count = unit && Math.floor(seconds / unit[1]);
      const told = isNarrow.matches ? inShort : (count, unit) => words.format(-count, unit);
      const text = unit ? told(count, unit[0]) : time.dataset.ago;
      if (time.textContent !== text) time.textContent = text;
      time.dataset.told = "";
    }
  }

  // Only the inside of its progress is asked for anew: what it tells is the row's state, too.
  function markRunning() {
    for (const row of document.querySelectorAll(".row.queued")) {
      if (row.querySelector(".progress [name=seen]")?.value.startsWith("running-")) row.classList.replace("queued", "running");
    }
  }

  function showInTitle() {
    const underWay = document.querySelectorAll(".row:is(.queued, .running)");
    if (underWay.length < wasUnderWay && document.hidden) isReady = true;
    wasUnderWay = underWay.length;
    const shown = document.querySelector(".row.running progress[value]") ?? document.querySelector(".row progress[value]");
    const share = shown?.matches(".learning") ? 0 : shown?.value; // else it would go back when the voice is learnt
    const prefix = isReady ? "✓ · " : underWay.length ? (share ? `${Math.round(100 * share)} % · ` : "… · ") : "";
    const title = prefix + document.title.replace(PREFIX, "");
    if (document.title !== title) document.title = title;
  }

  // What ends is told to whoever looks at another page of this site, in another tab.

  const channel = window.BroadcastChannel && new BroadcastChannel("generations");
  const elsewhere = document.getElementById("elsewhere");
  const told = new Set();
  let active = new Set();
  const idsOf = (selector) => new Set([...document.querySelectorAll(selector)].map((row) => row.id));

  function tellWhatEnded() {
    const before = active;
    active = idsOf(".row:is(.queued, .running)");
    for (const id of before) {
      const row = active.has(id) ? null : document.querySelector(`#${id}:is(.succeeded, .failed)`);
      if (!row || told.has(id)) continue;
      told.add(id);
      const { name, page } = titleOf(row);
      channel?.postMessage({ id, name, page, outcome: row.matches(".succeeded") ? "succeeded" : "failed" });
    }
  }

  function showElsewhere({ data: { id, name, page, outcome } }) {
    const isHere = told.has(id) || document.getElementById(id);
    told.add(id);
    if (isHere || !page?.startsWith("/")) return;
    const sentence = fill(elsewhere.dataset[outcome], { name });
    elsewhere.querySelector("[data-said]").textContent = sentence;
    document.getElementById("announcer").textContent = sentence;
    const link = elsewhere.querySelector("a");
    const fresh = Object.assign(link.cloneNode(true), { href: page }); // htmx keeps the address that a link had at first
    link.replaceWith(fresh);
    window.htmx.process(fresh);
    elsewhere.hidden = false;
    isReady = document.hidden;
    showInTitle();
  }
  if (channel) channel.onmessage = showElsewhere;
  document.addEventListener("click", ({ target }) => {
    const control = target.closest("#elsewhere a, #elsewhere button");
    if (!control) return;
    elsewhere.hidden = true;
    if (control.matches("button")) document.getElementById("main").focus({ preventScroll: true });
  });

  // Beside Generate: when it would be ready. The text itself is not sent.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.elt.id === "outlook") detail.parameters.chars = document.getElementById("id_text").value.trim().length;
  });

  document.addEventListener("visibilitychange", () => {
    isReady = false;
    showTimes();
    showInTitle();
  });
  document.addEventListener("htmx:afterSettle", () => {
    showTimes();
    markRunning();
    tellWhatEnded();
    showInTitle();
  });
  document.addEventListener("htmx:historyRestore", showInTitle);
  setInterval(showTimes, EVERY_MS);
  tellWhatEnded();
  showTimes();
  showInTitle();
})();
