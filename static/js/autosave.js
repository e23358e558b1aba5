// Saves a step while it is written. Without this script a button does the same.
// What was typed is kept in the browser until the portal has confirmed that it is saved.

import { applyRemote, readFields, restore, showUnderstood } from "./form-fields.js";
import { setUpPresence } from "./presence.js";
import { createSaveQueue } from "./save-queue.js";
import { locale } from "./texts.js";
import { unsentStore } from "./unsent-store.js";

const GOES_ON = ["saved", "wrong", "too-large", "later"]; // states after which the next text may be sent
const NOT_TEXT = /-(TOTAL|INITIAL|MIN_NUM|MAX_NUM)_FORMS$|-row$/;

/**
 * Offers text that never arrived as a file, where a step can no longer be written.
 *
 * @param {string} address
 */
function offerDownload(address) {
  const offer = document.getElementById("unsent-closed");
  const unsent = unsentStore.get(address);
  if (!offer || !unsent) return;
  const text = unsent.fields
    .filter(([name, value]) => value && !NOT_TEXT.test(name))
    .map(([name, value]) => `${name}:\n${value}`)
    .join("\n\n");
  offer
    .querySelector("a")
    ?.setAttribute("href", `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`);
  offer.querySelector("button")?.addEventListener("click", () => {
    unsentStore.remove(address);
    offer.hidden = true;
  });
  offer.hidden = false;
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement} status
 */
function setUpAutosave(form, status) {
  const address = form.dataset.autosave ?? "";
  const version = /** @type {HTMLInputElement} */ (form.querySelector("[name=seen_version]"));
  const token = /** @type {HTMLInputElement} */ (form.querySelector("[name=csrfmiddlewaretoken]"));
  const texts = status.dataset;

  const read = () => JSON.stringify(readFields(form));

  /**
   * @param {string | undefined} text
   * @param {boolean} isStopped
   */
  function setStatus(text, isStopped) {
    if (status.textContent !== text) status.textContent = text ?? "";
    status.classList.toggle("is-stopped", isStopped);
  }

  /**
   * @param {string} text
   * @param {boolean} keepalive
   */
  function send(text, keepalive) {
    const body = new URLSearchParams(JSON.parse(text));
    body.set("seen_version", version.value);
    body.set("csrfmiddlewaretoken", token.value);
    const headers = { "X-Autosave": "1", "X-Requested-With": "fetch" };
    return fetch(address, { method: "POST", headers, body, keepalive, redirect: "manual" });
  }

  /**
   * @param {Response} response
   * @param {string} text
   */
  async function handle(response, text) {
    const isJson = (response.headers.get("Content-Type") ?? "").startsWith("application/json");
    if (!isJson) {
      const isLoggedOut =
        [401, 403].includes(response.status) || response.type === "opaqueredirect";
      setStatus(isLoggedOut ? texts.loggedOut : texts.offline, isLoggedOut);
      return { isSaved: false, isStopped: isLoggedOut };
    }
    const reply = await response.json();
    const isStopped = !GOES_ON.includes(reply.state);
    setStatus(reply.words, isStopped);
    status.classList.toggle("needs-correction", Boolean(reply.needs_correction));
    if (reply.state !== "saved") return { isSaved: false, isStopped };
    version.value = reply.version;
    return { isSaved: true, isStopped, confirmed: update(reply, text) };
  }

  /**
   * Shows what the portal stored where it differs from what was sent.
   *
   * @param {{ fields?: [string, string][], understood?: Record<string, string> }} reply
   * @param {string} text
   * @returns {string} what of the form counts as saved
   */
  function update(reply, text) {
    const sent = JSON.parse(text);
    if (reply.fields) return applyRemote(form, reply.fields, sent) ? read() : "";
    if (read() !== text) return text;
    showUnderstood(form, reply.understood ?? {}, sent);
    return read();
  }

  const queue = createSaveQueue({
    read,
    send,
    handle,
    onSaved() {
      clearLocal();
      document.dispatchEvent(new CustomEvent("autosaved"));
    },
    onUnreachable() {
      setStatus(texts.offline, false);
    },
  });

  function storeLocally() {
    if (queue.isChanged()) unsentStore.set(address, { fields: readFields(form), at: Date.now() });
  }

  function clearLocal() {
    unsentStore.remove(address);
  }

  const saveChanges = (/** @type {boolean} */ isLeaving) => {
    if (queue.isChanged()) queue.save(isLeaving);
  };

  form.addEventListener("input", () => {
    storeLocally();
    if (queue.isStopped) return;
    setStatus(texts.typing, false);
    queue.saveSoon();
  });
  form.addEventListener("focusout", () => saveChanges(false));
  window.addEventListener("pagehide", () => saveChanges(true));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) saveChanges(true);
  });

  // The button waits for what is on its way; otherwise a person would be in conflict with themselves.
  // A text that the portal does not take stays in this page instead of being sent away.
  form.addEventListener("submit", (event) => {
    queue.cancel();
    const size = new Blob([new URLSearchParams(readFields(form)).toString()]).size;
    if (size > Number(form.dataset.most || Infinity)) {
      event.preventDefault();
      storeLocally();
      setStatus(texts.tooLarge, queue.isStopped);
    } else if (queue.running) {
      event.preventDefault();
      queue.running.finally(() => form.requestSubmit(event.submitter));
    } else {
      queue.stop();
      storeLocally();
    }
  });

  offerUnsent();

  /** Offers back text that never arrived. */
  function offerUnsent() {
    const offer = document.getElementById("unsent");
    const unsent = unsentStore.get(address);
    if (!offer || !unsent) return;
    if (JSON.stringify(unsent.fields) === read()) {
      clearLocal();
      return;
    }
    offer.addEventListener("click", (event) => {
      const choice = event.target instanceof HTMLElement ? event.target.dataset.unsent : "";
      if (!choice) return;
      offer.hidden = true;
      if (choice === "drop") {
        clearLocal();
        return;
      }
      restore(form, unsent.fields);
      form.dispatchEvent(new Event("input", { bubbles: true }));
    });
    if (document.getElementById("conflict-title")) return;
    const time = offer.querySelector("[data-unsent-time]");
    if (time) time.textContent = new Date(unsent.at).toLocaleString(locale);
    offer.hidden = false;
  }
}

const form = document.querySelector("form[data-autosave]");
const status = document.getElementById("autosave");
if (form instanceof HTMLFormElement) {
  offerDownload(form.dataset.autosave ?? "");
  if (status && !form.querySelector("fieldset:disabled")) {
    setUpAutosave(form, status);
    setUpPresence(form);
  }
}
