// The screen of a case: saves each line when it is answered, marks its evidence, and listens to keys. Without
// this script the same buttons and links do the same.

import "./leave-warning.js";
import { keyOf, nextOpen, stepFrom } from "./keys.js";
import { getText } from "./texts.js";
import { offerForAWhile } from "./undo.js";

const SETTING = "portal-case-keys";
const GAP = 16; // pixels above what is shown

/** @type {HTMLElement | null} */
let selected = null;

/** Lines that can be seen, in their order: not those that are folded away. */
function shownLines() {
  return [...document.querySelectorAll("[data-line]")].filter(
    /** @returns {line is HTMLElement} */
    (line) => line instanceof HTMLElement && line.offsetParent !== null,
  );
}

/** @param {string} item */
function lineOf(item) {
  return [...document.querySelectorAll("[data-line]")].find(
    (line) => line instanceof HTMLElement && line.dataset.line === item,
  );
}

/**
 * Selects a line and marks what it is about in the proposal.
 *
 * @param {HTMLElement} line
 */
function select(line) {
  if (line === selected) return;
  selected?.classList.remove("is-selected");
  selected = line;
  line.classList.add("is-selected");
  mark(line.dataset.evidence ?? "");
}

/** @param {string} place */
function mark(place) {
  for (const marked of document.querySelectorAll(".is-marked"))
    marked.classList.remove("is-marked");
  const target = document.getElementById(place);
  target?.classList.add("is-marked");
  const column = target?.closest(".case-proposal");
  if (!target || !column || getComputedStyle(column).overflowY !== "auto") return;
  // By hand: `scrollIntoView` would move the whole page, too.
  column.scrollTop += target.getBoundingClientRect().top - column.getBoundingClientRect().top - GAP;
}

/** @param {HTMLElement} line */
function goTo(line) {
  line.focus({ preventScroll: true });
  line.scrollIntoView({ block: "nearest" });
  select(line);
}

function setUpSelection() {
  const work = document.querySelector(".case-work");
  for (const kind of ["focusin", "click"])
    work?.addEventListener(kind, (event) => {
      const line = event.target instanceof Element ? event.target.closest("[data-line]") : null;
      if (line instanceof HTMLElement) select(line);
    });
  for (const button of document.querySelectorAll("[data-step]"))
    if (button instanceof HTMLElement) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const line = stepFrom(shownLines(), selected, Number(button.dataset.step));
        if (line) goTo(line);
      });
    }
}

/** @type {WeakMap<HTMLFormElement, Promise<void>>} */
const running = new WeakMap();

/** @param {HTMLFormElement} form */
function stateOf(form) {
  return /** @type {HTMLElement} */ (form.querySelector(".line-state"));
}

/** @param {HTMLFormElement} form */
function revisionOf(form) {
  return /** @type {HTMLInputElement} */ (form.querySelector("[name=revision]"));
}

/** @param {HTMLFormElement} form */
function chosenIn(form) {
  return form.querySelector("[name=answer][aria-pressed=true]");
}

/**
 * Sends a form and returns what the portal says; undefined where it does not respond.
 *
 * @param {HTMLFormElement} form
 * @param {Record<string, string>} [values]
 */
async function send(form, values = {}) {
  const data = new URLSearchParams(/** @type {[string, string][]} */ ([...new FormData(form)]));
  for (const [name, value] of Object.entries(values)) data.set(name, value);
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body: data,
      headers: { "X-Autosave": "1" },
      keepalive: true,
    });
    return { isSaved: response.ok, reply: await response.json() };
  } catch {
    stateOf(form).textContent = getText("line-unreachable");
    form.classList.add("is-unsaved");
  }
}

/**
 * Saves one answer after the other for each line: the second needs the revision that the first brings.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} button
 */
function save(form, button) {
  const before = running.get(form) ?? Promise.resolve();
  const saving = before.then(() => saveLine(form, button));
  running.set(form, saving);
  return saving;
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} button
 */
async function saveLine(form, button) {
  const sent = await send(form, { answer: button.value });
  if (!sent) return;
  stateOf(form).textContent = sent.reply.words;
  form.classList.toggle("is-unsaved", !sent.isSaved);
  if (sent.isSaved) {
    delete form.dataset.wants;
    showSaved(sent.reply, button.value);
    if (button.value === "ask") leadToQuestion(form);
  } else if (sent.reply.revision) {
    offerToReplace(form, button, sent.reply.revision);
  } else {
    openReason(form);
  }
}

/** @param {HTMLFormElement} form */
function leadToQuestion(form) {
  const template = document.querySelector("[data-ask]");
  if (!(template instanceof HTMLAnchorElement)) return;
  const address = new URL(template.href);
  address.searchParams.set("item", new FormData(form).get("item")?.toString() ?? "");
  location.assign(address);
}

/** @param {HTMLFormElement} form */
function openReason(form) {
  const details = form.querySelector("details.why");
  details?.setAttribute("open", "");
  details?.querySelector("textarea")?.focus();
}

/**
 * @param {{ lines: Record<string, number>, progress: string, answered: number, undo: number[], words: string }} reply
 * @param {string} answer
 */
function showSaved(reply, answer) {
  for (const [item, revision] of Object.entries(reply.lines)) {
    const line = lineOf(item);
    const form = line?.querySelector("form.line-form");
    line?.classList.add("is-answered");
    if (!(form instanceof HTMLFormElement)) continue;
    revisionOf(form).value = String(revision);
    for (const button of form.querySelectorAll("[name=answer]"))
      button.setAttribute("aria-pressed", String(button.getAttribute("value") === answer));
  }
  const text = document.getElementById("sheet-progress");
  const bar = document.getElementById("sheet-bar");
  if (text) text.textContent = reply.progress;
  if (bar instanceof HTMLProgressElement) bar.value = reply.answered;
  offerUndo(reply.undo, reply.words);
}

/**
 * @param {number[]} events
 * @param {string} words
 */
function offerUndo(events, words) {
  const form = document.getElementById("undo");
  const status = form?.querySelector("[role=status]");
  if (!form || !status || !events.length) return;
  for (const input of form.querySelectorAll("[name=event]")) input.remove();
  for (const event of events) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = "event";
    input.value = String(event);
    form.append(input);
  }
  offerForAWhile(form);
  status.textContent = words;
}

/**
 * Keeps the answer of somebody who was faster, unless this officer says otherwise.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} chosen
 * @param {string} revision
 */
function offerToReplace(form, chosen, revision) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = getText("line-replace");
  button.addEventListener("click", () => {
    revisionOf(form).value = revision;
    save(form, chosen);
  });
  stateOf(form).append(" ", button);
}

/** @param {HTMLFormElement} form */
function setUpLine(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!(event.submitter instanceof HTMLButtonElement)) return;
    const isByKey = event.submitter.dataset.byKey === "1";
    delete event.submitter.dataset.byKey;
    const isToExplain = event.submitter.value === "differ" && !reasonIn(form);
    if (isToExplain) {
      form.dataset.wants = event.submitter.value;
      openReason(form);
      stateOf(form).textContent = getText("line-reason");
      form.classList.add("is-unsaved");
      return;
    }
    await save(form, event.submitter);
    if (isByKey && !form.classList.contains("is-unsaved")) goToNextOpen(form);
  });
  form.querySelector("textarea")?.addEventListener("change", () => {
    const wanted = form.querySelector(`[value="${form.dataset.wants ?? "-"}"]`);
    const chosen = wanted ?? chosenIn(form) ?? form.querySelector("[value=differ]");
    if (reasonIn(form) && chosen instanceof HTMLButtonElement) save(form, chosen);
  });
}

/** @param {HTMLFormElement} form */
function reasonIn(form) {
  return form.querySelector("textarea")?.value.trim() ?? "";
}

/** @param {HTMLFormElement} form */
function goToNextOpen(form) {
  const line = form.closest("[data-line]");
  const lines = shownLines();
  if (!(line instanceof HTMLElement)) return;
  const next = nextOpen(lines, line, (other) => !other.classList.contains("is-answered"));
  if (next) goTo(next);
}

/** @param {HTMLFormElement} form */
function setUpAgreeing(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = await send(form);
    if (!sent) return;
    stateOf(form).textContent = sent.reply.words;
    if (!sent.isSaved) return;
    showSaved(sent.reply, "agree");
    form.querySelector("button")?.remove();
  });
}

/** Whether the keys are used in this browser; they are where it keeps no settings. */
function areKeysUsed() {
  try {
    return localStorage.getItem(SETTING) !== "off";
  } catch {
    return true;
  }
}

/** @param {boolean} areUsed */
function useKeys(areUsed) {
  document.documentElement.classList.toggle("has-keys", areUsed);
  try {
    localStorage.setItem(SETTING, areUsed ? "on" : "off");
  } catch {
    // The setting holds for this page only.
  }
}

function setUpKeys() {
  document.documentElement.classList.toggle("has-keys", areKeysUsed());
  const setting = document.querySelector("[data-keys-setting]");
  if (setting instanceof HTMLInputElement) {
    setting.checked = areKeysUsed();
    setting.addEventListener("change", () => useKeys(setting.checked));
  }
  for (const button of document.querySelectorAll("[data-opens]"))
    if (button instanceof HTMLElement) setUpDialog(button);
  document.addEventListener("keydown", (event) => {
    if (!document.documentElement.classList.contains("has-keys")) return;
    if (document.querySelector("dialog[open]")) return;
    const key = keyOf(event, event.target instanceof HTMLElement ? event.target : null);
    const target = key ? targetOf(key) : undefined;
    if (!target) return;
    event.preventDefault();
    if (target instanceof HTMLButtonElement && target.name === "answer") target.dataset.byKey = "1";
    target.click();
  });
}

/** @param {HTMLElement} button */
function setUpDialog(button) {
  const dialog = document.getElementById(button.dataset.opens ?? "");
  if (!(dialog instanceof HTMLDialogElement)) return;
  button.hidden = false;
  button.addEventListener("click", () => dialog.showModal());
}

/**
 * What a key presses: in the selected line, or else outside all lines.
 *
 * @param {string} key
 * @returns {HTMLElement | undefined}
 */
function targetOf(key) {
  const inLine = selected?.querySelectorAll(`[data-key="${CSS.escape(key)}"]`) ?? [];
  const others = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].filter(
    (element) => !element.closest("[data-line]"),
  );
  return [...inLine, ...others].find(
    /** @returns {element is HTMLElement} */
    (element) => element instanceof HTMLElement && element.offsetParent !== null,
  );
}

/** Opens what the address leads to, so that a line is found again where it was. */
function setUpAddress() {
  const line = lineOf(decodeURIComponent(location.hash.slice(1)));
  if (!(line instanceof HTMLElement)) return;
  line.closest("details")?.setAttribute("open", "");
  goTo(line);
}

function setUpPrinting() {
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll(".case details:not(.checklist details, .why)"))
      details.setAttribute("open", "");
  });
}

setUpSelection();
for (const form of document.querySelectorAll("form.line-form"))
  if (form instanceof HTMLFormElement) setUpLine(form);
const agreeing = document.querySelector("form[data-agree]");
if (agreeing instanceof HTMLFormElement) setUpAgreeing(agreeing);
setUpKeys();
setUpAddress();
setUpPrinting();
