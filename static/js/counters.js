// Characters are counted as the server counts them: code points, a line's end is one, blanks around are none.

import { countCharacters } from "./characters.js";
import { formatNumber, getText } from "./texts.js";

const SHOWN_FROM = 0.75; // of the limit, for fields of one line

/** @typedef {HTMLInputElement | HTMLTextAreaElement} TextControl */

/** @param {ParentNode} root */
export function showCounts(root) {
  for (const control of root.querySelectorAll("[data-limit]")) {
    showCount(/** @type {TextControl} */ (control));
  }
}

/** @param {TextControl} control */
function showCount(control) {
  const limit = Number(control.dataset.limit);
  const count = countCharacters(control.value);
  const counter = counterOf(control);
  counter.textContent = getText(count > limit ? "count-over" : "count", {
    over: formatNumber(count - limit),
    count: formatNumber(count),
    limit: formatNumber(limit),
  });
  counter.classList.toggle("is-over", count > limit);
  counter.hidden = control.tagName !== "TEXTAREA" && count < SHOWN_FROM * limit;
}

/** @param {TextControl} control */
function counterOf(control) {
  const next = control.nextElementSibling;
  if (next instanceof HTMLElement && next.matches("[data-counter]")) return next;
  const counter = document.createElement("span");
  counter.className = "counter form-text";
  counter.dataset.counter = "";
  control.after(counter);
  return counter;
}

export function setUpCounters() {
  document.addEventListener("input", (event) => {
    const control = event.target;
    if (control instanceof HTMLElement && control.dataset.limit)
      showCount(/** @type {TextControl} */ (control));
  });
}
