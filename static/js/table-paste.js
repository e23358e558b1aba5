// A paste goes into its field as it is. What looks like rows of a spreadsheet may be distributed over rows of
// the list: only where a person asks for it, only into empty fields, and it can be undone.

import { addRow, totalOf } from "./rows.js";
import { parseTable } from "./table-text.js";
import { getText } from "./texts.js";

/**
 * @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} FormControl
 *
 * @typedef {object} Paste
 * @property {HTMLInputElement | HTMLTextAreaElement} field  where it was pasted
 * @property {HTMLElement} list    the section of rows that the field is in
 * @property {HTMLElement} button  adds a row to the list
 * @property {string[][]} lines
 * @property {string} before       what the field held
 */

export function setUpTablePaste() {
  document.addEventListener("paste", onPaste);
}

/** @param {ClipboardEvent} event */
function onPaste(event) {
  const target = event.target instanceof Element ? event.target : null;
  const field = target?.closest(".row-entry input[type=text], .row-entry textarea");
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
  const list = field.closest("section[id]");
  const button = list?.querySelector("[data-add-row]");
  if (!(list instanceof HTMLElement && button instanceof HTMLElement)) return;
  if (!field.name.startsWith(`${list.id}-`)) return;
  const lines = parseTable(event.clipboardData?.getData("text/plain") ?? "");
  const isTable =
    lines.length > 0 && (lines[0].length > 1 || (lines.length > 1 && field.tagName === "INPUT"));
  if (!isTable) return;
  const paste = { field, list, button, lines, before: field.value };
  setTimeout(() => offerTable(field, lines, () => distribute(paste))); // after the browser has pasted
}

/**
 * Offers to fill the fields of a table; nothing but the field of the paste changes unless a person accepts.
 *
 * @param {HTMLInputElement | HTMLTextAreaElement} field  where it was pasted
 * @param {string[][]} lines
 * @param {() => () => void} fill  fills the fields; what it returns puts everything back
 */
export function offerTable(field, lines, fill) {
  document.querySelector("[data-paste-offer]")?.remove();
  const box = document.createElement("div");
  box.className = "alert alert-secondary paste-offer";
  box.dataset.pasteOffer = "";
  box.setAttribute("role", "status");
  const message = document.createElement("p");
  message.className = "mb-2";
  message.textContent = getText("paste-offer", { rows: lines.length, columns: lines[0].length });
  const close = () => {
    box.remove();
    field.focus();
  };
  const accept = createButton(getText("paste-distribute"), () => {
    const undo = fill();
    message.textContent = getText("paste-distributed");
    const undoAndClose = () => {
      undo();
      close();
    };
    accept.replaceWith(createButton(getText("paste-undo"), undoAndClose));
  });
  box.append(message, accept, createButton(getText("paste-leave"), close));
  const table = field.closest("table");
  const counter = field.parentElement?.querySelector(`#${CSS.escape(field.id)} ~ [data-counter]`);
  (table?.parentElement ?? counter ?? field).after(box);
}

/**
 * @param {string} label
 * @param {() => void} onClick
 */
function createButton(label, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-outline-primary btn-sm me-2";
  button.textContent = label;
  button.addEventListener("click", onClick);
  return button;
}

/**
 * Writes the cells into this row and those below that are empty.
 *
 * @param {Paste} paste
 * @returns {() => void} puts everything back as it was
 */
function distribute({ field, list, button, lines, before }) {
  const [, firstRow, column] = new RegExp(`^${list.id}-(\\d+)-(.+)$`).exec(field.name) ?? [];
  const countRows = () => Number(totalOf(list)?.value);
  const pasted = field.value;
  /** @type {[FormControl, string][]} */
  const changed = [];

  /**
   * @param {FormControl} control
   * @param {string} text
   */
  const write = (control, text) => {
    changed.push([control, control.value]);
    writeCell(control, text);
    control.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const controlsFrom = (/** @type {number} */ row) => {
    const controls = rowControls(list, row);
    return controls.slice(
      controls.findIndex((control) => control.name === `${list.id}-${row}-${column}`),
    );
  };
  const isFree = (/** @type {number} */ row) =>
    controlsFrom(row)
      .slice(0, lines[0].length)
      .every((control) => !control.value);

  write(field, before);
  let row = Number(firstRow);
  for (const line of lines) {
    while (row < countRows() && !isFree(row)) row += 1;
    if (row >= countRows()) addRow(button);
    const controls = controlsFrom(row);
    for (const [index, cell] of line.entries()) {
      if (controls[index]) write(controls[index], cell.trim());
    }
    row += 1;
  }
  return () => {
    for (const [control, value] of changed.reverse()) control.value = value;
    field.value = pasted;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
}

/**
 * @param {HTMLElement} list
 * @param {number} row
 */
function rowControls(list, row) {
  /** @type {NodeListOf<FormControl>} */
  const controls = list.querySelectorAll(`[name^='${list.id}-${row}-']`);
  return [...controls].filter(
    (control) => control.type !== "hidden" && control.type !== "checkbox",
  );
}

/**
 * @param {FormControl} control
 * @param {string} text
 */
function writeCell(control, text) {
  if (!(control instanceof HTMLSelectElement)) {
    control.value = text;
    return;
  }
  const wanted = text.toLowerCase();
  const option = [...control.options].find(({ value, text: label }) =>
    [value, label].some((name) => name.trim().toLowerCase() === wanted),
  );
  if (option) control.value = option.value;
}
