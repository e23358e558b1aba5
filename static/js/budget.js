// The table of the budget: totals while one types, the keys of a spreadsheet, and blocks of cells.

import { formatCents, formatRate, parseCents } from "./amounts.js";
import { offerTable } from "./table-paste.js";
import { parseTable } from "./table-text.js";
import { locale } from "./texts.js";

const GRANT = "grant";

/** @param {HTMLTableElement} table */
function setUpBudget(table) {
  const rows = [...table.tBodies[0].rows]
    .map((row) => ({ row, inputs: inputsOf(row) }))
    .filter(({ inputs }) => inputs.length); // a row of errors has none
  const kinds = [...new Set(rows.flatMap(({ inputs }) => inputs.map(kindOf)))];

  function showTotals() {
    const sums = new Map(kinds.map((kind) => [kind, 0]));
    for (const { row, inputs } of rows) {
      const cents = new Map(inputs.map((input) => [kindOf(input), parseCents(input.value)]));
      for (const [kind, value] of cents) sums.set(kind, (sums.get(kind) ?? 0) + value);
      showLine(row, costsIn(cents), cents.get(GRANT) ?? 0);
    }
    const foot = table.tFoot?.rows[0];
    if (!foot) return;
    for (const [kind, value] of sums) setText(foot, `[data-sum="${kind}"]`, amount(value));
    const costs = costsIn(sums);
    const grant = sums.get(GRANT) ?? 0;
    showLine(foot, costs, grant);
    const isOver = (/** @type {string | undefined} */ limit, /** @type {number} */ value) =>
      Boolean(limit) && value > Number(limit);
    toggle("ceiling", isOver(table.dataset.ceiling, grant / 100));
    toggle("rate", costs > 0 && isOver(table.dataset.rate, (grant / costs) * 100));
    toggle(
      "line",
      rows.some(({ row }) => row.classList.contains("is-over")),
    );
  }

  /**
   * @param {HTMLTableRowElement} row
   * @param {number} costs
   * @param {number} grant
   */
  function showLine(row, costs, grant) {
    setText(row, "[data-costs]", amount(costs));
    setText(row, "[data-line-rate]", formatRate(grant, costs));
    row.classList.toggle("is-over", grant > costs);
  }

  /**
   * @param {string} name
   * @param {boolean} isShown
   */
  function toggle(name, isShown) {
    document.querySelector(`[data-warning="${name}"]`)?.toggleAttribute("hidden", !isShown);
  }

  table.addEventListener("input", showTotals);
  document.addEventListener("autosaved", showTotals);
  table.addEventListener("keydown", (event) => moveByKey(event, rows));
  table.addEventListener("paste", (event) => onPaste(event, rows));
  document
    .querySelector("[data-copy-budget]")
    ?.addEventListener("click", () => navigator.clipboard.writeText(textOf(table)));
  showTotals();
}

/**
 * @typedef {{ row: HTMLTableRowElement, inputs: HTMLInputElement[] }} Line
 *
 * @param {KeyboardEvent} event
 * @param {Line[]} lines
 */
function moveByKey(event, lines) {
  const step = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !(event.target instanceof HTMLInputElement)) return;
  const { line, column } = placeOf(event.target, lines);
  event.preventDefault();
  const next = lines[line + step]?.inputs[column];
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
  const cells = parseTable(event.clipboardData?.getData("text/plain") ?? "");
  if (!cells.length || (cells.length === 1 && cells[0].length === 1)) return;
  const before = field.value;
  setTimeout(() => offerTable(field, cells, () => fill(field, before, cells, lines)));
}

/**
 * Writes a block from its first cell on; what is outside of the table is left out.
 *
 * @param {HTMLInputElement} field
 * @param {string} before  what the field held
 * @param {string[][]} cells
 * @param {Line[]} lines
 * @returns {() => void} puts everything back as it was
 */
function fill(field, before, cells, lines) {
  const start = placeOf(field, lines);
  const pasted = field.value;
  field.value = before;
  /** @type {[HTMLInputElement, string][]} */
  const changed = [];
  for (const [down, values] of cells.entries()) {
    for (const [right, value] of values.entries()) {
      const input = lines[start.line + down]?.inputs[start.column + right];
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
function placeOf(input, lines) {
  const line = lines.findIndex(({ inputs }) => inputs.includes(input));
  return { line, column: lines[line].inputs.indexOf(input) };
}

/** @param {HTMLTableRowElement} row */
function inputsOf(row) {
  return [...row.querySelectorAll("input")];
}

/** @param {HTMLInputElement} input */
function kindOf(input) {
  return input.name.slice(0, input.name.lastIndexOf("_"));
}

/** @param {Map<string, number>} cents */
function costsIn(cents) {
  let sum = 0;
  for (const [kind, value] of cents) if (kind !== GRANT) sum += value;
  return sum;
}

/** @param {number} cents */
function amount(cents) {
  return formatCents(cents, locale);
}

/**
 * @param {Element} row
 * @param {string} selector
 * @param {string} text
 */
function setText(row, selector, text) {
  const cell = row.querySelector(selector);
  if (cell && cell.textContent !== text) cell.textContent = text;
}

/**
 * The table as spreadsheets take it: cells parted by tabs.
 *
 * @param {HTMLTableElement} table
 */
function textOf(table) {
  return [...table.rows]
    .map((row) =>
      [...row.cells]
        .map(
          (cell) =>
            cell.querySelector("input")?.value ??
            (cell.textContent ?? "").trim().replace(/\s+/g, " "),
        )
        .join("\t"),
    )
    .join("\n");
}

const table = document.querySelector("table[data-budget]");
if (table instanceof HTMLTableElement) setUpBudget(table);
