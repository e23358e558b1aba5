// What spreadsheets put on the clipboard.

/**
 * The cells of a text, line by line; no lines where it is no table, since their lengths differ.
 *
 * @param {string} text
 * @returns {string[][]}
 */
export function parseTable(text) {
  const lines = text
    .replace(/\r\n?/g, "\n")
    .replace(/\n+$/, "")
    .split("\n")
    .map((line) => line.split("\t"));
  return lines.every((line) => line.length === lines[0].length) ? lines : [];
}
