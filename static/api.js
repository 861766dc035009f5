// The page of the API: examples are copied by a button, and an object that a link leads to opens.
"use strict";

(() => {
  function addButtons() {
    if (!navigator.clipboard) return;
    const { copy, copied, copyOne, copiedOne } = document.querySelector("[data-copy-one]")?.dataset ?? {};
    for (const example of document.querySelectorAll(".example:not(:has(.copy))")) {
      const language = example.querySelector("summary").textContent;
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "copy plain", textContent: copy });
      button.setAttribute("aria-label", fill(copyOne, { example: example.querySelector("pre").getAttribute("aria-label") }));
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(example.querySelector("code").textContent);
        button.textContent = copied;
        document.getElementById("announcer").textContent = fill(copiedOne, { language });
        setTimeout(() => (button.textContent = copy), 2000);
      });
      example.append(button);
    }
  }
  function openTarget() {
    const target = document.getElementById(location.hash.slice(1));
    if (target?.matches("details")) target.open = true;
  }
  function foldContents() {
    const contents = document.querySelector(".contents details");
    if (!contents || "isFolded" in contents.dataset) return;
    if (matchMedia("(max-width: 59.99rem)").matches) contents.open = false; // on a phone they would fill the screen
    contents.dataset.isFolded = "";
  }
  const show = () => {
    foldContents();
    addButtons();
    openTarget();
  };
  window.addEventListener("hashchange", openTarget);
  document.addEventListener("htmx:afterSettle", ({ detail }) => detail.boosted && show());
  show();
})();
