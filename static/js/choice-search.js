// Long lists of check boxes: a search in the list, and what is selected as chips that can be removed.

import { matches } from "./search-words.js";
import { formatNumber, getText } from "./texts.js";

export function setUpChoiceSearches() {
  for (const root of document.querySelectorAll("[data-choice-search]")) setUp(root);
}

/** @param {Element} root */
function setUp(root) {
  const filter = /** @type {HTMLInputElement} */ (root.querySelector("[data-choice-filter]"));
  filter.addEventListener("input", (event) => {
    event.stopPropagation(); // it is no field of the form
    show(root, filter.value);
  });
  filter.addEventListener("keydown", (event) => {
    if (event.key === "Enter") selectOnly(root, event);
  });
  root.addEventListener("change", (event) => {
    if (event.target === filter) event.stopPropagation();
    else showSelected(root);
  });
  showSelected(root);
}

/** @param {Element} root @param {string} typed */
function show(root, typed) {
  for (const group of root.querySelectorAll("fieldset")) {
    const rows = /** @type {HTMLElement[]} */ ([...group.querySelectorAll(".form-check")]);
    for (const row of rows) row.hidden = !matches(row.textContent ?? "", typed);
    group.hidden = rows.every((row) => row.hidden);
  }
  showStatus(root);
}

/** Selects the one row that is left. Enter in the search never sends the form.
 *
 * @param {Element} root @param {Event} event
 */
function selectOnly(root, event) {
  event.preventDefault();
  const boxes = boxesIn(root).filter((box) => !box.closest("[hidden]"));
  if (boxes.length === 1) boxes[0].click();
}

/** @param {Element} root */
function boxesIn(root) {
  return /** @type {HTMLInputElement[]} */ ([...root.querySelectorAll("input[type=checkbox]")]);
}

/** @param {Element} root */
function showSelected(root) {
  const list = /** @type {HTMLElement} */ (root.querySelector("[data-chips]"));
  const selected = boxesIn(root).filter((box) => box.checked);
  list.replaceChildren(...selected.map((box) => chipOf(root, box)));
  list.hidden = !selected.length;
  showStatus(root);
}

/** @param {Element} root @param {HTMLInputElement} box */
function chipOf(root, box) {
  const name = box.labels?.[0]?.textContent?.trim() ?? box.value;
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "chip";
  button.textContent = name;
  button.disabled = box.disabled;
  button.setAttribute("aria-label", getText("choice-remove", { name }));
  button.addEventListener("click", () => {
    box.click(); // tells the form, and draws the chips again
    const next =
      root.querySelector("[data-chips] button") ?? root.querySelector("[data-choice-filter]");
    if (next instanceof HTMLElement) next.focus();
  });
  item.append(button);
  return item;
}

/** @param {Element} root */
function showStatus(root) {
  const boxes = boxesIn(root);
  const status = root.querySelector("[data-choice-status]");
  if (!status) return;
  status.textContent = getText("choice-status", {
    selected: formatNumber(boxes.filter((box) => box.checked).length),
    shown: formatNumber(boxes.filter((box) => !box.closest("[hidden]")).length),
  });
}
