// How a text that another person saved comes into a form in which somebody is writing.
// Only data is decided here; form-fields.js writes it into the form.

/**
 * @typedef {[string, string]} Pair  name and value of a form control
 * @typedef {Map<string, string[]>} Values  the values of each name, in their order
 *
 * @typedef {object} FormRow
 * @property {number} number    its place in the list, from 0
 * @property {string} id        the id of the row, which stays the same on every page
 * @property {boolean} isBlank  whether its visible fields are empty
 * @property {boolean} isTouched  whether somebody has typed in it since the form was sent
 *
 * @typedef {object} RowUpdate
 * @property {number} number  the row that takes the values; the next number stands for a new row
 * @property {Pair[]} values  names within the row, and their values
 */

/**
 * @param {Iterable<Pair>} pairs
 * @returns {Values}
 */
export function groupPairs(pairs) {
  /** @type {Values} */
  const values = new Map();
  for (const [name, value] of pairs) values.set(name, [...(values.get(name) ?? []), value]);
  return values;
}

/**
 * The names whose values differ between what was sent and what the form holds now.
 *
 * @param {Pair[]} sent
 * @param {Pair[]} current
 */
export function touchedNames(sent, current) {
  const before = groupPairs(sent);
  const now = groupPairs(current);
  const names = [...before.keys(), ...now.keys()];
  return new Set(
    names.filter((name) => String(now.get(name) ?? "") !== String(before.get(name) ?? "")),
  );
}

/**
 * Where each stored row goes, and which rows of the form are emptied because they were removed.
 *
 * Rows are told apart by their ids, wherever they are on the page. A new one takes the first blank row in
 * which nobody writes, else a new row. A row in which somebody writes is never emptied.
 *
 * @param {string} list  the prefix of the list's names
 * @param {Values} stored
 * @param {FormRow[]} formRows
 * @returns {{ updates: RowUpdate[], emptied: number[] }}
 */
export function planRows(list, stored, formRows) {
  const rows = formRows.map((row) => ({ ...row }));
  const placed = new Set();
  /** @type {RowUpdate[]} */
  const updates = [];
  for (const { id, values } of storedRows(list, stored)) {
    let row = rows.find((candidate) => candidate.id === id);
    row ??= rows.find(
      (candidate) => !placed.has(candidate.id) && candidate.isBlank && !candidate.isTouched,
    );
    if (!row) {
      row = { number: rows.length, id, isBlank: true, isTouched: false };
      rows.push(row);
    }
    row.id = id;
    placed.add(id);
    updates.push({ number: row.number, values });
  }
  const emptied = rows
    .filter((row) => !placed.has(row.id) && !row.isTouched)
    .map((row) => row.number);
  return { updates, emptied };
}

/**
 * @param {string} list
 * @param {Values} stored
 */
function storedRows(list, stored) {
  const rows = [];
  for (let number = 0; stored.has(`${list}-${number}-row`); number += 1) {
    const prefix = `${list}-${number}-`;
    /** @type {Pair[]} */
    const values = [...stored]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, [value]]) => [name.slice(prefix.length), value]);
    if (values.some(([name, value]) => value && name !== "row")) {
      rows.push({ id: stored.get(`${prefix}row`)?.[0] ?? "", values });
    }
  }
  return rows;
}

/**
 * The parts of a checkbox, a select or a text control that restoring changes.
 *
 * @typedef {object} Control
 * @property {string} name
 * @property {string} type
 * @property {string} value
 * @property {boolean} [checked]
 * @property {boolean} [multiple]
 * @property {ArrayLike<{ value: string, selected: boolean }>} [options]
 */

/**
 * Puts values back into one control. Without values a text keeps what it holds, unless its row is gone.
 *
 * @param {Control} control
 * @param {string[]} values
 * @param {boolean} isInRow
 */
export function restoreControl(control, values, isInRow) {
  if (control.type === "checkbox" || control.type === "radio") {
    control.checked = values.includes(control.value);
  } else if (control.multiple && control.options) {
    for (const option of Array.from(control.options))
      option.selected = values.includes(option.value);
  } else if (values.length) {
    control.value = values[0];
  } else if (isInRow) {
    control.value = "";
  }
}
