// Amounts as people write them, for totals that are shown while they type. The server reads them again
// (`foundation/numbers.py`) and alone decides; `amounts.json` of the tests holds both to the same readings.

const APOSTROPHES = /['’‘`´ʼ′]/g;
const CURRENCY = /^(?:EUR|€)\s*|\s*(?:EUR|€)$/gi;
const PLAIN = /^(\d+)(?:[.,](\d{0,2}))?$/;
const BLANKS_OR_APOSTROPHES = /^([1-9]\d{0,2}([ '])\d{3}(?:\2\d{3})*)(?:[.,](\d{1,2}))?$/;
const TWO_MARKS = /^([1-9]\d{0,2}([.,])\d{3}(?:\2\d{3})*)(?!\2)[.,](\d{1,2})$/;
const ONE_MARK_TWICE = /^([1-9]\d{0,2}([.,])\d{3}(?:\2\d{3})+)$/;
const MAX_LENGTH = 40;
const MAX_DIGITS = 10; // before the decimals, as the fields of the budget

/**
 * Cents in a text: 0 where it is empty, NaN where it is no amount or has two readings, as “1.234” has.
 *
 * @param {string} text
 */
export function parseCents(text) {
  if (!text.trim()) return 0;
  if (text.length > MAX_LENGTH) return Number.NaN;
  const body = text.trim().replace(APOSTROPHES, "'").replace(/\s+/g, " ").replace(CURRENCY, "");
  const plain = PLAIN.exec(body);
  if (plain) return toCents(plain[1], plain[2]);
  const grouped =
    BLANKS_OR_APOSTROPHES.exec(body) ?? TWO_MARKS.exec(body) ?? ONE_MARK_TWICE.exec(body);
  return grouped ? toCents(grouped[1], grouped[3]) : Number.NaN;
}

/**
 * @param {string} whole
 * @param {string} [decimals]
 */
function toCents(whole, decimals = "") {
  const digits = whole.replace(/\D/g, "").replace(/^0+/, "");
  if (digits.length > MAX_DIGITS) return Number.NaN;
  return Number(digits) * 100 + Number(decimals.padEnd(2, "0"));
}

/**
 * “24,000” or “24,000.50”.
 *
 * @param {number} cents
 * @param {string} locale
 */
export function formatCents(cents, locale) {
  const digits = cents % 100 === 0 ? 0 : 2;
  return (cents / 100).toLocaleString(locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/**
 * The grant in percent of the costs with two decimals, halves to the even figure; a dash without costs.
 *
 * @param {number} grant  in cents
 * @param {number} costs  in cents
 */
export function formatRate(grant, costs) {
  if (costs === 0) return "–";
  const divisor = BigInt(costs);
  const share = BigInt(grant) * 10_000n;
  const rest = (share % divisor) * 2n;
  let hundredths = share / divisor;
  if (rest > divisor || (rest === divisor && hundredths % 2n === 1n)) hundredths += 1n;
  const figures = String(hundredths).padStart(3, "0");
  return `${figures.slice(0, -2)}.${figures.slice(-2)}%`;
}

/**
 * Whether the grant is more than this percentage of the costs, exactly.
 *
 * @param {number} grant  in cents
 * @param {number} costs  in cents
 * @param {string} percent  a plain number, such as “75” or “62.5”
 */
export function exceedsRate(grant, costs, percent) {
  const [whole, decimals = ""] = percent.split(".");
  const unit = 10n ** BigInt(decimals.length);
  return costs > 0 && BigInt(grant) * 100n * unit > BigInt(costs) * BigInt(whole + decimals);
}
