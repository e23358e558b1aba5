// Keys of a page: which of them an event asks for, and where the selection goes.

const TYPED_IN = "input, textarea, select, [contenteditable]";
const KEYS_OF_TEXT = new Set(["checkbox", "radio", "button", "submit"]);

/**
 * The key that a person pressed for the page; "" while they type, or hold another key.
 *
 * @param {Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey" | "isComposing">} event
 * @param {{ matches(selector: string): boolean, type?: string } | null} target
 */
export function keyOf(event, target) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return "";
  if (event.key.length !== 1 || event.key === " ") return "";
  const types = target?.matches(TYPED_IN) && !KEYS_OF_TEXT.has(target.type ?? "");
  return types ? "" : event.key;
}

/**
 * The item that is so many steps from the current one; the ends stay where they are.
 *
 * @template T
 * @param {readonly T[]} items
 * @param {T | null} current
 * @param {number} step
 * @returns {T | undefined}
 */
export function stepFrom(items, current, step) {
  const place = current === null ? -1 : items.indexOf(current);
  if (place < 0) return step > 0 ? items[0] : items.at(-1);
  return items[Math.min(Math.max(place + step, 0), items.length - 1)];
}

/**
 * The next open item after the current one, or the first one before it; none where all are done.
 *
 * @template T
 * @param {readonly T[]} items
 * @param {T} current
 * @param {(item: T) => boolean} isOpen
 * @returns {T | undefined}
 */
export function nextOpen(items, current, isOpen) {
  const place = items.indexOf(current);
  return [...items.slice(place + 1), ...items.slice(0, Math.max(place, 0))].find(isOpen);
}
