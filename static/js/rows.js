// Another row of a list: a copy of the empty one with the next number.

import { showCounts } from "./counters.js";

/**
 * @param {HTMLElement} button  names its list in `data-add-row`
 * @returns {HTMLElement | null} the first field of the new row
 * @throws {TypeError} the list lacks its parts
 */
export function addRow(button) {
  const name = button.dataset.addRow ?? "";
  const list = document.getElementById(name);
  const template = list?.querySelector("template");
  const total = totalOf(list);
  if (!list || !template || !total) throw new TypeError(name);
  const number = Number(total.value);
  const row = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  for (const element of row.querySelectorAll("*")) {
    for (const attribute of [...element.attributes]) {
      element.setAttribute(
        attribute.name,
        attribute.value.replaceAll("__prefix__", String(number)),
      );
    }
  }
  const id = row.querySelector("input[type=hidden][name$='-row']");
  if (id instanceof HTMLInputElement)
    id.value = crypto.getRandomValues(new Uint32Array(2)).join("");
  const title = row.querySelector("[data-row-number]");
  if (title) title.textContent = String(number + 1);
  showCounts(row);
  template.before(row);
  total.value = String(number + 1);
  return list.querySelector(`[id^='id_${name}-${number}-']:not([type=hidden])`);
}

/**
 * The control that counts the rows of a list.
 *
 * @param {Element | null} list
 * @returns {HTMLInputElement | null}
 */
export function totalOf(list) {
  return list?.querySelector("input[name$='-TOTAL_FORMS']") ?? null;
}

/** Lets every button that names a list add a row to it. */
export function setUpRowButtons() {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-add-row]") : null;
    if (!(button instanceof HTMLElement)) return;
    event.preventDefault();
    addRow(button)?.focus();
  });
}
