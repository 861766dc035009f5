// Moving about without a new document, so that the player goes on: htmx's boost, into #page. Such a request is like the
// browser's own: it asks for a page, and shows whichever comes. Without a script these are plain links and forms.
"use strict";

(() => {
  const scrolledTo = new Map(); // by path, for Back

  // What is saved to disk is no page.
  document.addEventListener("htmx:beforeProcessNode", ({ target }) => {
    if (target.matches("a[download]")) target.setAttribute("hx-boost", "false");
  });

  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.boosted) delete detail.headers["HX-Request"];
  });

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (!detail.boosted) return;
    const isSameLanguage = detail.xhr.getResponseHeader("Content-Language") === document.documentElement.lang; // or all is loaded anew
    const isPage = isSameLanguage && detail.xhr.responseText.includes('id="page"');
    Object.assign(detail, {
      shouldSwap: isPage, isError: false, target: document.getElementById("page"), selectOverride: "#page", swapOverride: "outerHTML",
    });
    if (!isPage) location.assign(detail.pathInfo.responsePath ?? detail.pathInfo.finalRequestPath);
  });

  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (!detail.boosted && detail.target?.id !== "page") return; // the server leads elsewhere after a deletion
    document.getElementById("trouble").hidden = true;
    document.getElementById("announcer").textContent = document.title;
    (document.querySelector("main [aria-invalid=true]") ?? document.getElementById("main")).focus({ preventScroll: true });
  });

  document.addEventListener("htmx:beforeHistorySave", ({ detail }) => scrolledTo.set(detail.path, window.scrollY));
  document.addEventListener("htmx:historyRestore", ({ detail }) => {
    const top = scrolledTo.get(detail.path) ?? 0;
    requestAnimationFrame(() => window.scrollTo(0, top));
  });
  document.addEventListener("htmx:historyCacheMissLoadError", () => location.reload());
})();
