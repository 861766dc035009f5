// The history: all rows of a page selected at once, and how many are.
"use strict";

(() => {
  const boxes = () => [...document.querySelectorAll(".row-select input")];

  function showSelection() {
    const all = document.querySelector("[data-select-all]");
    if (!all) return;
    const count = boxes().filter((box) => box.checked).length;
    all.querySelector("input").checked = count === boxes().length;
    all.querySelector("input").indeterminate = count > 0 && count < boxes().length;
    const selected = document.querySelector("[data-selected]");
    selected.textContent = count ? fillCounted(selected, "selected", count) : "";
  }

  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-select-all]")) {
      for (const box of boxes()) box.checked = event.target.checked;
    }
    showSelection();
  });
  document.addEventListener("htmx:afterSettle", showSelection);
  showSelection();
})();
