// How the server counts the characters of a text (foundation/text.py).

const BLANKS =
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const AROUND = new RegExp(`^${BLANKS}|${BLANKS}$`, "g");
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what the server removes
const REMOVED = /[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]/g;

/** @param {string} text */
export function countCharacters(text) {
  const cleaned = text.replace(/\r\n?/g, "\n").replace(REMOVED, "").replace(AROUND, "");
  return [...cleaned].length;
}
