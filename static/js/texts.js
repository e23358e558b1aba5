// The sentences that scripts show. They come from the page, so that they are translated with it:
// <template data-texts><p data-text="its-key">A sentence with {values}</p></template>

/** The language of numbers, dates and durations: that of the page. */
export const locale = document.documentElement.lang;

/** @type {Map<string, string> | undefined} */
let texts;

function readTexts() {
  /** @type {NodeListOf<HTMLTemplateElement>} */
  const templates = document.querySelectorAll("template[data-texts]");
  const entries = [...templates].flatMap(({ content }) => [
    ...content.querySelectorAll("[data-text]"),
  ]);
  return new Map(
    entries.map((entry) => [
      entry.getAttribute("data-text") ?? "",
      (entry.textContent ?? "").replace(/\s+/g, " ").trim(),
    ]),
  );
}

/**
 * The text of the page under this key, with {names} replaced.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function getText(key, values = {}) {
  texts ??= readTexts();
  const text = texts.get(key) ?? "";
  return text.replace(/\{(\w+)\}/g, (placeholder, name) => String(values[name] ?? placeholder));
}

/** @param {number} number */
export function formatNumber(number) {
  return number.toLocaleString(locale);
}
