// Reads a step's form, and writes into it what was saved elsewhere or kept in the browser.

import { groupPairs, planRows, restoreControl, touchedNames } from "./merge.js";
import { addRow } from "./rows.js";

const NOT_TYPED = new Set(["csrfmiddlewaretoken", "seen_version"]);

/**
 * @typedef {[string, string]} Pair  name and value of a form control
 * @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} FormControl
 */

/**
 * What somebody typed or chose, as names and values.
 *
 * @param {HTMLFormElement} form
 * @returns {Pair[]}
 */
export function readFields(form) {
  /** @type {Pair[]} */
  const pairs = [];
  for (const [name, value] of new FormData(form)) {
    if (!NOT_TYPED.has(name) && typeof value === "string") pairs.push([name, value]);
  }
  return pairs;
}

/**
 * @param {HTMLFormElement} form
 * @param {Pair[]} pairs
 * @param {(name: string) => boolean} [isWanted]
 */
export function restore(form, pairs, isWanted = () => true) {
  const values = groupPairs(pairs);
  for (const [name, [count]] of values) {
    if (!name.endsWith("-TOTAL_FORMS")) continue;
    const list = name.replace("-TOTAL_FORMS", "");
    const button = /** @type {HTMLElement | null} */ (
      form.querySelector(`[data-add-row="${list}"]`)
    );
    while (button && countRows(form, list) < Number(count)) addRow(button);
  }
  for (const control of controlsOf(form)) {
    const { name } = control;
    if (!name || NOT_TYPED.has(name) || control.type === "file") continue;
    if (name.endsWith("_FORMS") || name.startsWith("take:") || !isWanted(name)) continue;
    restoreControl(control, values.get(name) ?? [], control.closest(".row-entry") !== null);
  }
}

/**
 * Brings what somebody else saved into the form; what was typed since the form was sent stays.
 *
 * @param {HTMLFormElement} form
 * @param {Pair[]} stored
 * @param {Pair[]} sent
 * @returns {boolean} whether the form now holds what is stored, and nothing else
 */
export function applyRemote(form, stored, sent) {
  const touched = touchedNames(sent, readFields(form));
  /** @type {HTMLElement[]} */
  const buttons = [...form.querySelectorAll("[data-add-row]")].filter(
    (button) => button instanceof HTMLElement,
  );
  const isInList = (/** @type {string} */ name) =>
    buttons.some((button) => name.startsWith(`${button.dataset.addRow}-`));
  const isWanted = (/** @type {string} */ name) => !touched.has(name) && !isInList(name);
  restore(
    form,
    stored.filter(([name]) => isWanted(name)),
    isWanted,
  );
  const values = groupPairs(stored);
  for (const button of buttons) applyRemoteRows(form, button, values, touched);
  return touched.size === 0;
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement} button  adds a row to the list
 * @param {Map<string, string[]>} stored
 * @param {Set<string>} touched
 */
function applyRemoteRows(form, button, stored, touched) {
  const list = button.dataset.addRow ?? "";
  const { updates, emptied } = planRows(list, stored, readRows(form, list, touched));
  for (const { number, values } of updates) {
    if (number >= countRows(form, list)) addRow(button);
    for (const [name, value] of values) {
      const fullName = `${list}-${number}-${name}`;
      if (!touched.has(fullName)) writeControl(form.elements.namedItem(fullName), value);
    }
  }
  for (const number of emptied) {
    for (const control of rowControls(form, list, number)) if (isText(control)) control.value = "";
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {string} list
 * @param {Set<string>} touched
 */
function readRows(form, list, touched) {
  return Array.from({ length: countRows(form, list) }, (_, number) => {
    const controls = rowControls(form, list, number);
    return {
      number,
      id: fieldValue(form, `${list}-${number}-row`),
      isBlank: controls.every((control) => !isText(control) || !control.value),
      isTouched: controls.some((control) => touched.has(control.name)),
    };
  });
}

/**
 * Shows amounts, numbers and days as the portal read them, unless somebody is in the field.
 *
 * @param {HTMLFormElement} form
 * @param {Record<string, string>} understood
 * @param {Pair[]} sent
 */
export function showUnderstood(form, understood, sent) {
  const before = new Map(sent);
  for (const [name, text] of Object.entries(understood)) {
    const control = form.elements.namedItem(name);
    if (!(control instanceof HTMLInputElement) || control === document.activeElement) continue;
    if (control.value === before.get(name)) control.value = text;
  }
}

/**
 * @param {HTMLFormElement} form
 * @returns {FormControl[]}
 */
function controlsOf(form) {
  return [...form.elements].filter(isFormControl);
}

/**
 * @param {unknown} element
 * @returns {element is FormControl}
 */
function isFormControl(element) {
  return (
    element instanceof HTMLInputElement ||
    element instanceof HTMLSelectElement ||
    element instanceof HTMLTextAreaElement
  );
}

/**
 * @param {Element | RadioNodeList | null} control
 * @param {string} value
 */
function writeControl(control, value) {
  if (control instanceof RadioNodeList || (isFormControl(control) && control.type !== "checkbox")) {
    control.value = value;
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 */
function fieldValue(form, name) {
  const control = form.elements.namedItem(name);
  return isFormControl(control) ? control.value : "";
}

/**
 * @param {HTMLFormElement} form
 * @param {string} list
 * @param {number} number
 */
function rowControls(form, list, number) {
  return controlsOf(form).filter((control) => control.name.startsWith(`${list}-${number}-`));
}

/**
 * @param {HTMLFormElement} form
 * @param {string} list
 */
function countRows(form, list) {
  return Number(fieldValue(form, `${list}-TOTAL_FORMS`));
}

/** @param {FormControl} control */
function isText(control) {
  return control.type !== "hidden" && control.type !== "checkbox";
}
