// What is under way, in the tab's title; and times that stay true.
"use strict";

(() => {
  const EVERY_MS = 15_000;
  const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3600], ["minute", 60]];
  const PREFIX = /^(\d+ %|…|✓) · /;
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
  let wasUnderWay = 0;
  let isReady = false;

  function showTimes() {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
      const unit = UNITS.find(([, size]) => seconds >= size);
      const text = unit ? words.format(-Math.floor(seconds / unit[1]), unit[0]) : time.dataset.ago;
      if (time.textContent !== text) time.textContent = text;
    }
  }

  function showInTitle() {
    const underWay = document.querySelectorAll(".row:is(.queued, .running)");
    if (underWay.length < wasUnderWay && document.hidden) isReady = true;
    wasUnderWay = underWay.length;
    const share = document.querySelector(".row.running progress[value]")?.value ?? document.querySelector(".row progress[value]")?.value;
    const prefix = isReady ? "✓ · " : underWay.length ? (share ? `${Math.round(100 * share)} % · ` : "… · ") : "";
    const title = prefix + document.title.replace(PREFIX, "");
    if (document.title !== title) document.title = title;
  }

  document.addEventListener("visibilitychange", () => {
    isReady = false;
    showTimes();
    showInTitle();
  });
  document.addEventListener("htmx:afterSettle", () => {
    showTimes();
    showInTitle();
  });
  document.addEventListener("htmx:historyRestore", showInTitle);
  setInterval(showTimes, EVERY_MS);
  showTimes();
  showInTitle();
})();
