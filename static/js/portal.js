// What makes pages pleasant; every page works without it.
"use strict";

// The reader's own time beside the call's time, where the clock shows another time at that instant.
function showOwnTimes(root) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const place of root.querySelectorAll("[data-own-time]")) {
    const moment = new Date(place.dataset.ownTime);
    if (-moment.getTimezoneOffset() === Number(place.dataset.offset) || place.textContent) continue;
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
  showCounts(copy);
  template.before(copy);
  total.value = number + 1;
  return list.querySelector(`[id^='id_${button.dataset.addRow}-${number}-']:not([type=hidden])`);
}

// What the browser keeps for a person. Some forbid it: then nothing is kept, and all else goes on.
const kept = {
  get(key) {
    try { return JSON.parse(localStorage.getItem(key) || "null"); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(key, JSON.stringify(value)); return true; } catch { return false; }
  },
  drop(key) {
    try { localStorage.removeItem(key); } catch { /* nothing was kept */ }
  },
  dropAll(beginning) {
    try {
      for (const key of Object.keys(localStorage)) if (key.startsWith(beginning)) localStorage.removeItem(key);
    } catch { /* nothing was kept */ }
  },
};

// A paste goes into its field as it is. What looks like rows of a spreadsheet may be distributed over rows of
// the list: only where a person asks for it, only into empty fields, and it can be undone.
function cellsIn(text) {
  const lines = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n").map((line) => line.split("\t"));
  return lines.every((line) => line.length === lines[0].length) ? lines : [];
}

function offerRows(event) {
  const field = event.target.closest?.(".row-entry input[type=text], .row-entry textarea");
  const list = field && field.closest("section[id]");
  const button = list && list.querySelector("[data-add-row]");
  if (!button || !field.name.startsWith(`${list.id}-`)) return;
  const lines = cellsIn(event.clipboardData.getData("text/plain"));
  const isTable = lines.length > 0 && (lines[0].length > 1 || (lines.length > 1 && field.tagName === "INPUT"));
  if (!isTable) return;
  const before = field.value;
  setTimeout(() => showOffer(field, list, button, lines, before)); // after the browser has pasted
}

function showOffer(field, list, button, lines, before) {
  document.querySelector("[data-paste-offer]")?.remove();
  const box = document.createElement("div");
  box.className = "alert alert-secondary paste-offer";
  box.dataset.pasteOffer = "";
  box.setAttribute("role", "status");
  const words = document.createElement("p");
  words.className = "mb-2";
  words.textContent = `What you pasted looks like a table (${lines.length} × ${lines[0].length}). It is in this field as it is.`;
  const take = offerButton("Distribute over rows", () => {
    const undo = distribute(field, list, button, lines, before);
    words.textContent = "Distributed over rows; no text of another row was changed.";
    take.replaceWith(offerButton("Undo", () => { undo(); box.remove(); field.focus(); }));
  });
  box.append(words, take, offerButton("Leave it as it is", () => { box.remove(); field.focus(); }));
  (field.parentElement.querySelector(`#${CSS.escape(field.id)} ~ [data-counter]`) || field).after(box);
}

function offerButton(words, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-outline-primary btn-sm me-2";
  button.textContent = words;
  button.addEventListener("click", act);
  return button;
}

// Gives a function that puts everything back as it was.
function distribute(field, list, button, lines, before) {
  const [, own, name] = new RegExp(`^${list.id}-(\\d+)-(.+)$`).exec(field.name);
  const total = list.querySelector("input[name$='-TOTAL_FORMS']");
  const pasted = field.value;
  const changed = [];
  const put = (target, text) => {
    changed.push([target, target.value]);
    putCell(target, text);
    target.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const targetsIn = (number) => {
    const controls = [...list.querySelectorAll(`[name^='${list.id}-${number}-']`)].filter((one) => one.type !== "hidden" && one.type !== "checkbox");
    return controls.slice(controls.findIndex((one) => one.name === `${list.id}-${number}-${name}`));
  };
  const isFree = (number) => targetsIn(number).slice(0, lines[0].length).every((one) => !one.value);
  put(field, before);
  let number = Number(own);
  for (const line of lines) {
    while (number < Number(total.value) && !isFree(number)) number += 1;
    if (number >= Number(total.value)) addRow(button);
    const targets = targetsIn(number);
    line.forEach((cell, column) => { if (targets[column]) put(targets[column], cell.trim()); });
    number += 1;
  }
  return () => {
    for (const [target, value] of changed.reverse()) target.value = value;
    field.value = pasted;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
}

function putCell(target, text) {
  if (target.tagName !== "SELECT") { target.value = text; return; }
  const same = (one) => [one.value, one.text].some((word) => word.trim().toLowerCase() === text.toLowerCase());
  const option = [...target.options].find(same);
  if (option) target.value = option.value;
}

document.addEventListener("paste", offerRows);

// Characters are counted as the server counts them: code points, a line's end is one, blanks around are none.
const BLANKS = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const AROUND = new RegExp(`^${BLANKS}|${BLANKS}$`, "g");

const REMOVED = /[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]/g;

function charactersIn(text) {
  return [...text.replace(/\r\n?/g, "\n").replace(REMOVED, "").replace(AROUND, "")].length;
}

function counterOf(control) {
  const next = control.nextElementSibling;
  if (next?.matches("[data-counter]")) return next;
  const counter = document.createElement("span");
  counter.className = "counter form-text";
  counter.dataset.counter = "";
  control.after(counter);
  return counter;
}

function showCount(control) {
  const limit = Number(control.dataset.limit);
  const found = charactersIn(control.value);
  const counter = counterOf(control);
  const says = (number) => number.toLocaleString("en-GB");
  counter.textContent = found > limit
    ? `${says(found - limit)} characters too many: ${says(found)} where ${says(limit)} fit`
    : `${says(found)} of ${says(limit)} characters`;
  counter.classList.toggle("is-over", found > limit);
  counter.hidden = control.tagName !== "TEXTAREA" && found < 0.75 * limit;
}

function showCounts(root) {
  for (const control of root.querySelectorAll("[data-limit]")) showCount(control);
}

document.addEventListener("input", (event) => { if (event.target.dataset?.limit) showCount(event.target); });

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
  kept.dropAll("unsent ");
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
  for (const told of document.querySelectorAll("[data-saved-step]")) kept.drop(`unsent ${told.dataset.savedStep}`);
  for (const hidden of document.querySelectorAll("[data-needs-script]")) hidden.hidden = false;
  for (const shown of document.querySelectorAll("[data-without-script]")) shown.hidden = true;
  // The list of steps is open on wide screens and folded on narrow ones.
  if (window.matchMedia("(max-width: 61.98rem)").matches) {
    for (const list of document.querySelectorAll(".wizard-side details")) list.open = false;
  }
  showOwnTimes(document);
  showCounts(document);
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

document.addEventListener("htmx:afterSwap", (event) => { showOwnTimes(event.target); showCounts(event.target); });
