// Conveniences on top of pages that work without JavaScript: drop, listening to the reference,
// and word of a server that can't be reached.
"use strict";

const announcer = document.getElementById("announcer");
const trouble = document.getElementById("trouble");

// Texts come with the page, in its language, in attributes of the element that they are for: "{name}" stands for a value.
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
// Of two texts, `…One` and `…Other`, that which goes with the count.
function fillCounted(element, name, count, values = { count }) {
  const isOne = new Intl.PluralRules(document.documentElement.lang).select(count) === "one";
  return fill(element.dataset[name + (isOne ? "One" : "Other")], values);
}
const measured = (number, unit) => {
  const format = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 };
  return number.toLocaleString(document.documentElement.lang, format);
};

// What a row is called, and its page.
function titleOf(row) {
  const link = row.querySelector(".row-text a");
  return { name: row.dataset.name ?? link.textContent, page: row.dataset.page ?? link.getAttribute("href") };
}

// What went wrong with something that was done stays to be read; polling that goes well again ends only its own trouble.
let isTroubleOfAction = false;

function showTrouble(message, isOfAction = false) {
  isTroubleOfAction = isOfAction;
  if (trouble.hidden || trouble.textContent !== message) trouble.textContent = message;
  trouble.hidden = false;
}

// Reference

function fileInput() {
  return document.querySelector(".drop input[type=file]");
}

function setFiles(input, files) {
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function showChosen(input) {
  const list = input.closest(".drop").querySelector("[data-chosen]");
  list.querySelectorAll("audio").forEach((audio) => URL.revokeObjectURL(audio.src));
  list.replaceChildren(
    ...Array.from(input.files, (file) => {
      const remove = element("button", { type: "button", className: "plain", textContent: list.dataset.remove });
      remove.setAttribute("aria-label", fill(list.dataset.removeOne, { name: file.name }));
      remove.addEventListener("click", () => {
        setFiles(input, Array.from(input.files).filter((other) => other !== file));
        input.focus();
      });
      const player = element("audio", { controls: true, src: URL.createObjectURL(file) });
      player.setAttribute("aria-label", fill(list.dataset.reference, { name: file.name }));
      const kilobytes = Math.ceil(file.size / 1024);
      const sizeText = kilobytes < 1024 ? measured(kilobytes, "kilobyte") : measured(kilobytes / 1024, "megabyte");
      const size = element("span", { className: "size", textContent: sizeText });
      return element("li", {}, element("span", { className: "name", textContent: file.name }), size, remove, player);
    }),
  );
  list.hidden = input.files.length === 0;
  markReference("");
}

function markReference(message) {
  const field = fileInput().closest(".field");
  field.classList.toggle("wrong", Boolean(message));
  field.querySelector(".error").textContent = message;
  fileInput().setAttribute("aria-invalid", Boolean(message));
}

document.addEventListener("change", (event) => {
  if (event.target === fileInput()) showChosen(event.target);
});

// A file that misses the drop zone would replace the page, and the text with it: the whole page is the zone.
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    const input = fileInput();
    if (!input || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    input.closest(".drop").classList.toggle("over", name === "dragover");
    if (name === "drop") setFiles(input, event.dataTransfer.files);
  });
}

// Menus close when one clicks elsewhere, or presses Escape.
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => menu.contains(event.target) || (menu.open = false));
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// Back shows no page of somebody who has signed out since: a browser keeps them whole.
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted && document.querySelector(".account-menu")) location.reload();
});

// What was typed is not left to who signs in next, nor to another person who signs in after a session has ended.
function forgetDrafts() {
  try {
    sessionStorage.clear();
  } catch {
    // refused: then nothing was kept
  }
}
document.addEventListener("submit", ({ target }) => {
  if (target.matches("[data-forgets-drafts]")) forgetDrafts();
});
(() => {
  const { account } = document.querySelector("[data-account]")?.dataset ?? {};
  if (!account) return;
  try {
    if ((sessionStorage.getItem("account") ?? account) !== account) forgetDrafts();
    sessionStorage.setItem("account", account);
  } catch {
    // refused
  }
})();

// A double click is one click: what has come to stand under the pointer since the first was not meant by the second.
document.addEventListener(
  "click",
  (event) => {
    if (event.detail < 2 || !event.target.closest("button:not([type=button])")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

// HTMX

document.addEventListener("htmx:sendError", () =>
  showTrouble(trouble.dataset.unreachable),
);
const isAction = (detail) => detail.requestConfig.verb !== "get";
document.addEventListener("htmx:responseError", ({ detail }) => {
  const { xhr } = detail;
  const reasons = { 403: trouble.dataset.expired, 413: trouble.dataset.tooLarge };
  const isSentence = xhr.getResponseHeader("Content-Type")?.startsWith("text/plain");
  const otherwise = fill(trouble.dataset.answered, xhr);
  showTrouble(reasons[xhr.status] ?? (isSentence ? xhr.responseText : otherwise), isAction(detail));
});
// The form comes back with its message when the server can't take it now, as when it is wrong.
const bringsForm = ({ target, xhr }) => xhr.status === 422 || ([429, 503].includes(xhr.status) && target.id === "form" && isForm(xhr));
const isForm = (xhr) => xhr.getResponseHeader("Content-Type")?.startsWith("text/html");
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!bringsForm(detail)) return;
  detail.shouldSwap = true;
  detail.isError = false;
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if ((detail.successful || bringsForm(detail)) && (isAction(detail) || !isTroubleOfAction)) trouble.hidden = true;
});

// Focus goes to what is wrong in the form; from a card that is replaced or deleted it stays in the list.
let focusWasInCard = false;
document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  focusWasInCard = target.matches(".row") && target.contains(document.activeElement);
});
document.addEventListener("htmx:afterSwap", ({ detail: { target, xhr } }) => {
  if (target?.id === "form") {
    const message = document.getElementById("id_reference_error").textContent;
    showChosen(fileInput()); // Chromium leaves the controls of a player empty when it is moved, as hx-preserve does
    markReference(message); // and the input keeps the attributes of before
    if (xhr.status === 422) document.querySelector("#form [aria-invalid=true]")?.focus();
  }
  if (focusWasInCard && !document.getElementById(target.id)?.contains(document.activeElement)) {
    (document.getElementById(target.id)?.querySelector("a, button") ?? document.getElementById("generations-title"))?.focus();
  }
});
document.addEventListener("htmx:oobAfterSwap", ({ detail: { target } }) => {
  if (target.id === "generations") target.firstElementChild.scrollIntoView({ block: "nearest" });
});
