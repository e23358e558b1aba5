// The table of the budget: totals while one types, the keys of a spreadsheet, and blocks of cells.

import { exceedsRate, formatCents, formatRate, parseCents } from "./amounts.js";
import { offerTable } from "./table-paste.js";
import { parseTable } from "./table-text.js";
import { getText, locale } from "./texts.js";

const GRANT = "grant";
const MOVES = { Enter: 1, ArrowDown: 1, ArrowUp: -1 };

/**
 * @typedef {object} Line  a partner's row
 * @property {HTMLTableRowElement} row
 * @property {HTMLInputElement[]} inputs
 */

/**
 * @param {HTMLTableElement} table
 * @param {ParentNode} form  what shows totals and notes
 */
function setUpBudget(table, form) {
  const lines = [...table.tBodies[0].rows].map((row) => ({
    row,
    inputs: [...row.querySelectorAll("input")],
  }));
  const update = () => showTotals(table, form, lines);
  table.addEventListener("input", update);
  document.addEventListener("autosaved", update);
  table.addEventListener("keydown", (event) => moveByKey(event, lines));
  table.addEventListener("paste", (event) => onPaste(event, lines));
  setUpCopying(table, form);
  update();
}

/**
 * Adds up what can be read without doubt, and names what is left out.
 *
 * @param {HTMLTableElement} table
 * @param {ParentNode} form
 * @param {Line[]} lines
 */
function showTotals(table, form, lines) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  const unread = [];
  const overCosts = [];
  for (const { row, inputs } of lines) {
    let costs = 0;
    let grant = 0;
    for (const input of inputs) {
      const kind = kindOf(input);
      const cents = parseCents(input.value);
      if (Number.isNaN(cents)) {
        unread.push(input.getAttribute("aria-label") ?? "");
        continue;
      }
      sums.set(kind, (sums.get(kind) ?? 0) + cents);
      if (kind === GRANT) grant = cents;
      else costs += cents;
    }
    setText(row, '[data-line="costs"]', formatCents(costs, locale));
    setText(row, '[data-line="rate"]', formatRate(grant, costs));
    row.classList.toggle("is-over", grant > costs);
    if (grant > costs) overCosts.push(row.querySelector("bdi")?.textContent ?? "");
  }

  const grant = sums.get(GRANT) ?? 0;
  const costs = [...sums].reduce((sum, [kind, cents]) => (kind === GRANT ? sum : sum + cents), 0);
  for (const kind of lines[0]?.inputs.map(kindOf) ?? [])
    setText(form, `[data-total="${kind}"]`, formatCents(sums.get(kind) ?? 0, locale));
  setText(form, '[data-total="costs"]', formatCents(costs, locale));
  setText(form, '[data-total="rate"]', formatRate(grant, costs));

  const { ceiling, rate } = table.dataset;
  if (ceiling) showLimit(form, "ceiling", grant / 100, grant > Math.round(Number(ceiling) * 100));
  if (rate)
    showLimit(form, "rate", costs ? (grant / costs) * 100 : 0, exceedsRate(grant, costs, rate));
  showNames(form, "unread", unread);
  showNames(form, "over-costs", overCosts);
}

/**
 * @param {ParentNode} form
 * @param {string} name
 * @param {number} value  for the meter alone
 * @param {boolean} isOver
 */
function showLimit(form, name, value, isOver) {
  const limit = form.querySelector(`[data-limit="${name}"]`);
  limit?.classList.toggle("is-over", isOver);
  limit?.querySelector("progress")?.setAttribute("value", String(value));
  form.querySelector(`[data-note="${name}"]`)?.toggleAttribute("hidden", !isOver);
}

/**
 * @param {ParentNode} form
 * @param {string} note
 * @param {string[]} names
 */
function showNames(form, note, names) {
  const paragraph = form.querySelector(`[data-note="${note}"]`);
  const list = paragraph?.querySelector("[data-names]");
  if (!paragraph || !list) return;
  paragraph.toggleAttribute("hidden", names.length === 0);
  if (list.textContent === names.join("; ")) return;
  list.replaceChildren(
    ...names.flatMap((name, index) => {
      const element = document.createElement("bdi");
      element.textContent = name;
      return index ? ["; ", element] : [element];
    }),
  );
}

/**
 * Enter and the arrows go to the next field of the column that can be written; they never submit.
 *
 * @param {KeyboardEvent} event
 * @param {Line[]} lines
 */
function moveByKey(event, lines) {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || !(event.key in MOVES)) return;
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const step =
    event.key === "Enter" && event.shiftKey
      ? -1
      : MOVES[/** @type {keyof typeof MOVES} */ (event.key)];
  const { line, column } = positionOf(field, lines);
  const ahead = step > 0 ? lines.slice(line + 1) : lines.slice(0, line).reverse();
  const next = ahead.map(({ inputs }) => inputs[column]).find((input) => !input.disabled);
  next?.focus();
  next?.select();
}

/**
 * @param {ClipboardEvent} event
 * @param {Line[]} lines
 */
function onPaste(event, lines) {
  const field = event.target;
  if (!(field instanceof HTMLInputElement)) return;
  const block = parseTable(event.clipboardData?.getData("text/plain") ?? "");
  if (!block.length || (block.length === 1 && block[0].length === 1)) return;
  const before = field.value;
  setTimeout(() => offerTable(field, block, () => fill(field, before, block, lines))); // after the browser
}

/**
 * Writes a block from the field of the paste on; what is outside of the table is left out.
 *
 * @param {HTMLInputElement} field
 * @param {string} before  what the field held
 * @param {string[][]} block
 * @param {Line[]} lines
 * @returns {() => void} puts everything back as it was
 */
function fill(field, before, block, lines) {
  const start = positionOf(field, lines);
  const pasted = field.value;
  /** @type {[HTMLInputElement, string][]} */
  const changed = [];
  field.value = before;
  for (const [index, values] of block.entries()) {
    const target = lines[start.line + index];
    if (!target) break;
    const inputs = inputsFrom(target, start.column, values.length);
    for (const [place, value] of values.entries()) {
      const input = inputs[place];
      if (!input || input.disabled) continue;
      changed.push([input, input.value]);
      write(input, value.trim());
    }
  }
  return () => {
    for (const [input, value] of changed.reverse()) write(input, value);
    write(field, pasted);
  };
}

/**
 * The fields that a row of a block goes into. A row that is wider than the fields has the column of total
 * costs in it, as a copy of this table has: then its cells go by their place, and none to the total.
 *
 * @param {Line} line
 * @param {number} column
 * @param {number} width
 * @returns {(HTMLInputElement | null)[]}
 */
function inputsFrom({ row, inputs }, column, width) {
  if (width <= inputs.length - column) return inputs.slice(column);
  const cells = [...row.cells];
  const first = cells.findIndex((cell) => cell.contains(inputs[column]));
  return cells.slice(first).map((cell) => cell.querySelector("input"));
}

/**
 * @param {HTMLInputElement} input
 * @param {string} value
 */
function write(input, value) {
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

/**
 * @param {HTMLInputElement} input
 * @param {Line[]} lines
 */
function positionOf(input, lines) {
  const line = lines.findIndex(({ inputs }) => inputs.includes(input));
  return { line, column: lines[line].inputs.indexOf(input) };
}

/**
 * @param {HTMLTableElement} table
 * @param {ParentNode} form
 */
function setUpCopying(table, form) {
  const status = form.querySelector("[data-copy-status]");
  form.querySelector("[data-copy-budget]")?.addEventListener("click", async () => {
    let key = "copied";
    try {
      await navigator.clipboard.writeText(textOf(table)); // the object is missing without HTTPS
    } catch {
      key = "not-copied";
    }
    if (status) status.textContent = getText(key);
  });
}

/**
 * The table as spreadsheets take it: rows of cells separated by tabs, amounts as they are in the fields.
 *
 * @param {HTMLTableElement} table
 */
function textOf(table) {
  const textOfCell = (/** @type {HTMLTableCellElement} */ cell) => {
    const text =
      cell.querySelector("input")?.value ?? (cell.querySelector("bdi") ?? cell).textContent;
    return (text ?? "").trim().replace(/\s+/g, " ");
  };
  return [...table.rows].map((row) => [...row.cells].map(textOfCell).join("\t")).join("\n");
}

/** @param {HTMLInputElement} input */
function kindOf(input) {
  return input.name.slice(0, input.name.lastIndexOf("_"));
}

/**
 * @param {ParentNode} place
 * @param {string} selector
 * @param {string} text
 */
function setText(place, selector, text) {
  for (const element of place.querySelectorAll(selector))
    if (element.textContent !== text) element.textContent = text;
}

const table = document.querySelector("table[data-budget]");
if (table instanceof HTMLTableElement) setUpBudget(table, table.closest("form") ?? document);
