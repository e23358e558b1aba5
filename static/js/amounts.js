// Amounts as people write them, for totals that are shown while they type. The server reads them again
// (`foundation/numbers.py`) and alone decides; what has two readings has none here.

const MARKS = /[\s\u00a0\u2007\u2009\u202f'’]/g;
const CURRENCY = /^(?:EUR|€)|(?:EUR|€)$/i;
const PLAIN = /^(\d+)(?:[.,](\d{1,2}))?$/;
const GROUPED = /^(\d{1,3}(?:([.,])\d{3})(?:\2\d{3})*)(?:(?!\2)[.,](\d{1,2}))?$/;
const MAX_DIGITS = 12; // as many as the server takes; far below what a number holds exactly

/**
 * Cents in a text: 0 where it is empty, NaN where it is no amount or has two readings.
 *
 * @param {string} text
 */
export function parseCents(text) {
  const body = text.replace(MARKS, "").replace(CURRENCY, "");
  if (!text.trim()) return 0;
  const plain = PLAIN.exec(body);
  if (plain) return centsOf(plain[1], plain[2]);
  const grouped = GROUPED.exec(body);
  if (!grouped) return Number.NaN;
  const [, whole, mark, decimals] = grouped;
  const groups = whole.split(mark);
  // “1.234” may be a thousand or one and a bit: only a second mark tells.
  if (groups.length === 2 && decimals === undefined) return Number.NaN;
  return centsOf(groups.join(""), decimals);
}

/**
 * @param {string} whole
 * @param {string} [decimals]
 */
function centsOf(whole, decimals = "") {
  if (whole.length > MAX_DIGITS) return Number.NaN;
  return Number(whole) * 100 + Number(decimals.padEnd(2, "0"));
}

/**
 * “24,000” or “24,000.50”; a dash where an amount cannot be read.
 *
 * @param {number} cents
 * @param {string} locale
 */
export function formatCents(cents, locale) {
  if (Number.isNaN(cents)) return "–";
  const digits = cents % 100 === 0 ? 0 : 2;
  return (cents / 100).toLocaleString(locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/**
 * The share in percent with two decimals, cut as the server rounds; a dash without costs.
 *
 * @param {number} grant
 * @param {number} costs
 */
export function formatRate(grant, costs) {
  if (!(costs > 0) || Number.isNaN(grant)) return "–";
  return `${((grant / costs) * 100).toFixed(2)}%`;
}
