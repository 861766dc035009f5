// The page of the API: examples are copied by a button, and an object that a link leads to opens.
"use strict";

(() => {
  function addButtons() {
    if (!navigator.clipboard) return;
    for (const example of document.querySelectorAll(".example:not(:has(.copy))")) {
      const language = example.querySelector("summary").textContent;
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "copy plain", textContent: "Copy" });
      button.setAttribute("aria-label", `Copy: ${example.querySelector("pre").getAttribute("aria-label")}`);
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(example.querySelector("code").textContent);
        button.textContent = "Copied";
        document.getElementById("announcer").textContent = `${language} copied.`;
        setTimeout(() => (button.textContent = "Copy"), 2000);
      });
      example.append(button);
    }
  }
  function openTarget() {
    const target = document.getElementById(location.hash.slice(1));
    if (target?.matches("details")) target.open = true;
  }
  const show = () => {
    addButtons();
    openTarget();
  };
  window.addEventListener("hashchange", openTarget);
  document.addEventListener("htmx:afterSettle", ({ detail }) => detail.boosted && show());
  show();
})();
