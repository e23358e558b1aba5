// How words that are typed are looked for in a text of the page.

const ACCENTS = /\p{M}/gu;

/**
 * A text as it is compared: small letters without accents.
 *
 * @param {string} text
 */
export function fold(text) {
  return text.normalize("NFKD").replace(ACCENTS, "").toLowerCase();
}

/**
 * Whether each word that was typed begins a word of the label.
 *
 * @param {string} label
 * @param {string} typed
 */
export function matches(label, typed) {
  const words = fold(label).split(/[^\p{L}\p{N}]+/u);
  const wanted = fold(typed).split(/\s+/).filter(Boolean);
  return wanted.every((word) => words.some((item) => item.startsWith(word)));
}
