// Bytes, hexadecimal digits and hashes.

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/** @param {ArrayBuffer | Bytes} bytes */
export function toHex(bytes) {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {string} digits
 * @throws {TypeError} these are not hexadecimal digits in lower case
 */
export function fromHex(digits) {
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new TypeError(digits);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/**
 * @param {string} text
 * @returns {Bytes} nothing where it is not Base64: no signature fits that
 */
export function fromBase64(text) {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

/** @param {string} text */
export function toUtf8(text) {
  return new TextEncoder().encode(text);
}

/**
 * @param {ArrayBuffer | Bytes} first
 * @param {ArrayBuffer | Bytes} second
 */
export function isSame(first, second) {
  return toHex(first) === toHex(second);
}

/**
 * @param {...(ArrayBuffer | Bytes | number[])} parts
 * @returns {Bytes}
 */
export function concat(...parts) {
  return new Uint8Array(parts.flatMap((part) => [...new Uint8Array(part)]));
}

/** @param {...(ArrayBuffer | Bytes | number[])} parts */
export async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
}

/**
 * Whether a leaf is in a log of this size and root (RFC 9162, 2.1.3.2).
 *
 * @param {Bytes} leaf
 * @param {number} position
 * @param {number} size
 * @param {Bytes[]} path
 * @param {Bytes} root
 */
export async function isIncluded(leaf, position, size, path, root) {
  let [place, last, hash] = [position, size - 1, leaf];
  for (const step of path) {
    if (last === 0) return false;
    if (place % 2 || place === last) {
      hash = await sha256([1], step, hash);
      while (place % 2 === 0 && place) {
        [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
      }
    } else {
      hash = await sha256([1], hash, step);
    }
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  return position >= 0 && position < size && last === 0 && isSame(hash, root);
}
