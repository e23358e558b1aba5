// What makes pages pleasant; every page works without it.
"use strict";

// The reader's own time beside Brussels time, where the two differ or the zone has another name.
function showOwnTimes(root) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const place of root.querySelectorAll("[data-own-time]")) {
    if (zone === "Europe/Brussels" || place.textContent) continue;
    const moment = new Date(place.dataset.ownTime);
    const text = moment.toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
    const offset = new Intl.DateTimeFormat("en-GB", { timeZoneName: "longOffset" })
      .formatToParts(moment).find((part) => part.type === "timeZoneName").value;
    place.textContent = `· ${text} in your time zone (${zone}, ${offset.replace("GMT", "UTC") })`;
  }
}

// Countdowns run from the time that the server gave, by a clock that nobody can set.
// They count from the first byte of the answer: drawing the page must not make time seem longer.
const navigation = performance.getEntriesByType("navigation")[0];
const started = navigation ? navigation.responseStart : performance.now();

function inWords(seconds) {
  const units = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];
  const words = [];
  let rest = seconds;
  for (const [size, name] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count || (size === 1 && !words.length)) words.push(`${count} ${name}${count === 1 ? "" : "s"}`);
  }
  return words.slice(0, 2).join(" ");
}

function tick() {
  const passed = performance.now() - started;
  for (const place of document.querySelectorAll(".countdown")) {
    const left = Math.max(0, Math.ceil((Number(place.dataset.milliseconds) - passed) / 1000));
    place.textContent = inWords(left);
    const line = place.closest(".deadline-line");
    if (line) {
      line.classList.toggle("is-close", left > 0 && left < 3600);
      line.classList.toggle("is-over", left === 0);
    }
    if (left === 0) place.textContent = place.dataset.over || "0 seconds: the deadline has passed";
  }
  const clock = document.querySelector("[data-portal-seconds]");
  if (clock) {
    const moment = new Date(Number(clock.dataset.portalSeconds) * 1000 + passed);
    clock.textContent = moment.toLocaleString("en-GB", {
      timeZone: "Europe/Brussels", day: "numeric", month: "long", year: "numeric",
      hour: "2-digit", minute: "2-digit", second: "2-digit",
    });
  }
}

// Another row of a list: a copy of the empty one with the next number. Gives its first field.
function addRow(button) {
  const list = document.getElementById(button.dataset.addRow);
  const template = list.querySelector("template");
  const total = list.querySelector("input[name$='-TOTAL_FORMS']");
  const number = Number(total.value);
  const copy = template.content.cloneNode(true);
  for (const element of copy.querySelectorAll("*")) {
    for (const attribute of [...element.attributes]) {
      element.setAttribute(attribute.name, attribute.value.replaceAll("__prefix__", number));
    }
  }
  const id = copy.querySelector("input[type=hidden][name$='-row']");
  if (id) id.value = crypto.getRandomValues(new Uint32Array(2)).join("");
  const title = copy.querySelector("[data-row-number]");
  if (title) title.textContent = number + 1;
  template.before(copy);
  total.value = number + 1;
  return list.querySelector(`[id^='id_${button.dataset.addRow}-${number}-']:not([type=hidden])`);
}

// Rows that are pasted from a spreadsheet become rows: a line for each, its cells into the fields in their order.
function pasteRows(event) {
  const field = event.target.closest(".row-entry input[type=text], .row-entry textarea");
  const list = field && field.closest("section[id]");
  const button = list && list.querySelector("[data-add-row]");
  const text = event.clipboardData.getData("text/plain").replace(/\r/g, "").replace(/\n+$/, "");
  const isTable = text.includes("\t") || (text.includes("\n") && field && field.tagName === "INPUT");
  if (!button || !isTable) return;
  const place = new RegExp(`^${list.id}-(\\d+)-(.+)$`).exec(field.name);
  if (!place) return;
  event.preventDefault();
  const lines = text.split("\n");
  const total = list.querySelector("input[name$='-TOTAL_FORMS']");
  lines.forEach((line, offset) => {
    const number = Number(place[1]) + offset;
    while (Number(total.value) <= number) addRow(button);
    const fields = [...list.querySelectorAll(`[name^='${list.id}-${number}-']`)].filter((one) => one.type !== "hidden" && one.type !== "checkbox");
    const first = fields.findIndex((one) => one.name.endsWith(`-${place[2]}`));
    line.split("\t").forEach((cell, column) => {
      const target = fields[first + column];
      if (target) putCell(target, cell.trim());
    });
  });
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function putCell(target, text) {
  if (target.tagName !== "SELECT") { target.value = text; return; }
  const same = (one) => [one.value, one.text].some((word) => word.trim().toLowerCase() === text.toLowerCase());
  const option = [...target.options].find(same);
  if (option) target.value = option.value;
}

document.addEventListener("paste", pasteRows);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
  const button = event.target.closest("[data-add-row]");
  if (button) {
    event.preventDefault();
    addRow(button)?.focus();
  }
});

// What was typed and not sent is not left without a word.
let isTyped = false;

document.addEventListener("input", (event) => {
  const form = event.target.closest("form");
  if (form && form.method === "post") isTyped = true;
});

document.addEventListener("submit", () => { isTyped = false; });
document.addEventListener("autosaved", () => { isTyped = false; });

// Who logs out on purpose leaves no unsent text behind on a shared machine.
document.addEventListener("submit", (event) => {
  if (!event.target.action.endsWith("/account/logout/")) return;
  for (const key of Object.keys(localStorage)) if (key.startsWith("unsent ")) localStorage.removeItem(key);
});

window.addEventListener("beforeunload", (event) => {
  if (isTyped) event.preventDefault();
});

// On paper nothing stays folded.
window.addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("main details:not([open])")) folded.open = true;
});

// A submit button is pressed once; the server would make one version of two clicks all the same.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const button = form.querySelector("button[type=submit]");
  if (button) button.textContent = button.dataset.working || button.textContent;
});

window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-once]")) delete form.dataset.sent;
});

document.addEventListener("DOMContentLoaded", () => {
  // The button has saved this step: whatever the browser kept of it is settled.
  for (const told of document.querySelectorAll("[data-saved-step]")) localStorage.removeItem(`unsent ${told.dataset.savedStep}`);
  for (const hidden of document.querySelectorAll("[data-needs-script]")) hidden.hidden = false;
  for (const shown of document.querySelectorAll("[data-without-script]")) shown.hidden = true;
  // The list of steps is open on wide screens and folded on narrow ones.
  if (window.matchMedia("(max-width: 61.98rem)").matches) {
    for (const list of document.querySelectorAll(".wizard-side details")) list.open = false;
  }
  showOwnTimes(document);
  tick();
  setInterval(tick, 1000);
  const summary = document.querySelector(".error-summary");
  if (summary) summary.focus();
});

// The foot of every page holds the form by which the helpdesk is asked; without this script it is a link.
for (const foot of document.querySelectorAll("[data-part]")) {
  foot.addEventListener("toggle", async () => {
    if (!foot.open || foot.querySelector("form")) return;
    const answer = await fetch(`${foot.dataset.part}?page=${encodeURIComponent(location.pathname)}`, { headers: { "X-Part": "1" } }).catch(() => null);
    if (!answer?.ok) return;
    const holder = document.createElement("div");
    holder.innerHTML = await answer.text();
    foot.querySelector("p").replaceWith(holder);
    holder.querySelector("input:not([type=hidden])")?.focus();
  });
}

document.addEventListener("htmx:afterSwap", (event) => showOwnTimes(event.target));
