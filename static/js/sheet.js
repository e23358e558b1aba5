// Saves each line of the screening sheet when it is answered. Without this script a button does the same.

import { getText } from "./texts.js";

/** Asks before half-written reasons, notes and questions are left behind. */
function setUpLeaveWarning() {
  for (const form of document.querySelectorAll("form[data-warns]")) {
    form.addEventListener("input", () => form.classList.add("is-unsaved"));
    form.addEventListener("submit", () => form.classList.remove("is-unsaved"));
  }
  addEventListener("beforeunload", (event) => {
    if (document.querySelector("form.is-unsaved")) event.preventDefault();
  });
}

/** @type {WeakMap<HTMLFormElement, Promise<void>>} */
const running = new WeakMap();

/** @param {HTMLFormElement} form */
function isAnswered(form) {
  return form.querySelector("[name=answer]:checked") !== null;
}

/** @param {HTMLFormElement} form */
function stateOf(form) {
  return /** @type {HTMLElement} */ (form.querySelector(".line-state"));
}

/** @param {HTMLFormElement} form */
function revisionOf(form) {
  return /** @type {HTMLInputElement} */ (form.querySelector("[name=revision]"));
}

/**
 * Saves one request after the other for each line: the second needs the revision that the first brings.
 *
 * @param {HTMLFormElement} form
 */
function save(form) {
  if (!isAnswered(form)) {
    stateOf(form).textContent = getText("line-unanswered");
    form.classList.add("is-unsaved");
    return;
  }
  const before = running.get(form) ?? Promise.resolve();
  running.set(
    form,
    before.then(() => send(form)),
  );
}

/** @param {HTMLFormElement} form */
async function send(form) {
  let response;
  let reply;
  try {
    response = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(/** @type {[string, string][]} */ ([...new FormData(form)])),
      headers: { "X-Autosave": "1" },
      keepalive: true,
    });
    reply = await response.json();
  } catch {
    stateOf(form).textContent = getText("line-unreachable");
    form.classList.add("is-unsaved");
    return;
  }
  stateOf(form).textContent = reply.words;
  form.classList.toggle("is-unsaved", !response.ok);
  if (response.ok) {
    revisionOf(form).value = reply.revision;
    showProgress(reply);
  } else if (reply.revision) {
    offerToReplace(form, reply.revision);
  }
}

/** @param {{ progress: string, answered: number }} reply */
function showProgress({ progress, answered }) {
  const text = document.getElementById("sheet-progress");
  const bar = document.getElementById("sheet-bar");
  if (text) text.textContent = progress;
  if (bar instanceof HTMLProgressElement) bar.value = answered;
}

/**
 * Keeps the answer of somebody who was faster, unless this officer says otherwise.
 *
 * @param {HTMLFormElement} form
 * @param {string} revision
 */
function offerToReplace(form, revision) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = getText("line-replace");
  button.addEventListener("click", () => {
    revisionOf(form).value = revision;
    save(form);
  });
  stateOf(form).append(" ", button);
}

/** @param {HTMLFormElement} form */
function setUpLine(form) {
  form.addEventListener("change", () => save(form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save(form);
  });
  // An officer who differs gives a reason: the cursor goes there.
  form
    .querySelector("[value=differ]")
    ?.addEventListener("change", () => form.querySelector("textarea")?.focus());
}

/** @param {HTMLFormElement[]} forms */
function setUpNextButton(forms) {
  const button = document.getElementById("next-unanswered");
  if (!(button instanceof HTMLButtonElement)) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const form = forms.find((candidate) => !isAnswered(candidate));
    if (form) {
      goTo(form);
      return;
    }
    button.textContent = getText("all-answered");
    button.disabled = true;
  });
}

/** @param {HTMLFormElement} form */
function goTo(form) {
  for (
    let outer = form.closest("details");
    outer;
    outer = outer.parentElement?.closest("details") ?? null
  ) {
    outer.open = true;
  }
  const answer = form.querySelector("[name=answer]");
  if (answer instanceof HTMLElement) answer.focus();
  form.scrollIntoView({ block: "center" });
}

setUpLeaveWarning();
const forms = [...document.querySelectorAll("form[data-line]")].filter(
  /** @returns {form is HTMLFormElement} */
  (form) => form instanceof HTMLFormElement && !form.querySelector("fieldset:disabled"),
);
if (forms.length) {
  document.documentElement.classList.add("saves-itself");
  for (const form of forms) setUpLine(form);
  setUpNextButton(forms);
}
