// The reader's own time, countdowns, and the demonstration's clock.

import { getText, locale } from "./texts.js";

const SECOND = 1000;
const HOUR = 3600; // seconds
const LONG = /** @type {const} */ ({ dateStyle: "long", timeStyle: "short" });
const SHORT = /** @type {const} */ ({ weekday: "short", hour: "2-digit", minute: "2-digit" });
const UNITS = /** @type {const} */ ([
  ["day", 86_400],
  ["hour", HOUR],
  ["minute", 60],
  ["second", 1],
]);

// Countdowns run from the time that the server gave, by a clock that nobody can set.
// They count from the first byte of the answer: drawing the page must not make time seem longer.
const [navigation] = performance.getEntriesByType("navigation");
const started =
  navigation instanceof PerformanceNavigationTiming ? navigation.responseStart : performance.now();

/**
 * Shows the reader's own time beside the call's time, where the clock shows another time at that instant.
 *
 * @param {ParentNode} root
 */
export function showOwnTimes(root) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const element of root.querySelectorAll("[data-own-time]")) {
    if (!(element instanceof HTMLElement) || element.textContent) continue;
    const instant = new Date(element.dataset.ownTime ?? "");
    if (-instant.getTimezoneOffset() === Number(element.dataset.offset)) continue;
    const isShort = element.dataset.ownStyle === "short";
    element.textContent = getText(isShort ? "own-time-short" : "own-time", {
      time: instant.toLocaleString(locale, isShort ? SHORT : LONG),
      zone,
      offset: offsetOf(instant),
    });
  }
}

/** @param {Date} instant */
function offsetOf(instant) {
  const parts = new Intl.DateTimeFormat(locale, { timeZoneName: "longOffset" }).formatToParts(
    instant,
  );
  const name = parts.find((part) => part.type === "timeZoneName")?.value ?? "";
  return name.replace("GMT", "UTC");
}

/**
 * The two largest units that matter.
 *
 * @param {number} seconds
 */
function formatDuration(seconds) {
  const parts = [];
  let rest = seconds;
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (!count && (unit !== "second" || parts.length)) continue;
    parts.push(count.toLocaleString(locale, { style: "unit", unit, unitDisplay: "long" }));
  }
  return parts.slice(0, 2).join(" ");
}

function tick() {
  const passed = performance.now() - started;
  for (const element of document.querySelectorAll(".countdown")) {
    if (element instanceof HTMLElement) showTimeLeft(element, passed);
  }
  const clock = document.querySelector("[data-portal-seconds]");
  if (clock instanceof HTMLElement) showPortalTime(clock, passed);
}

/**
 * @param {HTMLElement} countdown
 * @param {number} passed
 */
function showTimeLeft(countdown, passed) {
  const left = Math.max(0, Math.ceil((Number(countdown.dataset.milliseconds) - passed) / SECOND));
  countdown.textContent = left === 0 ? (countdown.dataset.over ?? "") : formatDuration(left);
  const line = countdown.closest(".deadline-line");
  line?.classList.toggle("is-close", left > 0 && left < HOUR);
  line?.classList.toggle("is-over", left === 0);
}

/**
 * @param {HTMLElement} clock
 * @param {number} passed
 */
function showPortalTime(clock, passed) {
  const instant = new Date(Number(clock.dataset.portalSeconds) * SECOND + passed);
  clock.textContent = instant.toLocaleString(locale, {
    timeZone: "Europe/Brussels",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
}

export function startClocks() {
  tick();
  setInterval(tick, SECOND);
}
