// The sentences of a generation, played one after the other while the rest is spoken.
"use strict";

(() => {
  const list = document.getElementById("sentences");
  if (!list) return;
  const player = list.querySelector("[data-player]");
  const voice = list.querySelector("[data-voice]");
  const now = list.querySelector("[data-now]");
  const playAll = list.querySelector("[data-play-all]");
  let current = -1; // index of the sentence that plays, or that is waited for
  let isWaiting = false;
  let goesOn = false;

  const sentence = (index) => document.getElementById("sentence-" + index);
  const isOver = () => !document.getElementById("sentence-news").hasAttribute("hx-get");

  function mark(index) {
    list.querySelectorAll("[aria-current]").forEach((item) => item.removeAttribute("aria-current"));
    sentence(index)?.setAttribute("aria-current", "true");
  }

  function play(index) {
    const item = sentence(index);
    current = index;
    isWaiting = false;
    if (!item) {
      goesOn = false;
      now.textContent = "The end.";
      return;
    }
    mark(index);
    if (item.dataset.audio) {
      now.textContent = "";
      voice.src = item.dataset.audio;
      voice.play().catch(() => {});
    } else if (isOver()) {
      goesOn = false;
      now.textContent = "It was stopped here.";
    } else {
      isWaiting = true;
      now.textContent = "The next sentence is being spoken…";
    }
  }

  playAll.addEventListener("click", () => {
    goesOn = true;
    play(0);
  });
  voice.addEventListener("ended", () => {
    if (goesOn) play(current + 1);
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-play-one]");
    if (!button) return;
    goesOn = false;
    play(Number(button.closest(".sentence").id.split("-")[1]));
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (isWaiting) play(current);
    else if (current >= 0) mark(current);
  });
  list.classList.add("enhanced");
  player.hidden = false;
})();
