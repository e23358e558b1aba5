// Saves a step while it is written. Without this script a button does the same.
// What was typed is kept in the browser until the portal has said that it is saved.
"use strict";

(() => {
  const form = document.querySelector("form[data-autosave]");
  const word = document.getElementById("autosave");
  if (!form || !word || form.querySelector("fieldset:disabled")) return;

  const PAUSE = 2000; // milliseconds after the last key
  const RETRY = 5000;
  const key = `unsent ${form.dataset.autosave}`;
  const version = form.querySelector("[name=seen_version]");
  const NOT_TYPED = new Set(["csrfmiddlewaretoken", "seen_version"]);
  const PRESENCE = 10000;
  let acknowledged = typed();
  let unanswered = null; // what was sent and got no answer: sent again first, so nothing is saved twice
  let running = null;
  let isStopped = false;
  let timer = 0;

  function fields() {
    return [...new FormData(form)].filter(([name, value]) => !NOT_TYPED.has(name) && typeof value === "string");
  }

  function typed() {
    return JSON.stringify(fields());
  }

  function say(text) {
    if (word.textContent !== text) word.textContent = text;
  }

  function keep() {
    if (typed() === acknowledged) return;
    try {
      localStorage.setItem(key, JSON.stringify({ fields: fields(), at: Date.now() }));
    } catch { /* a browser that keeps nothing still saves */ }
  }

  function forget() {
    localStorage.removeItem(key);
  }

  async function send(text, keepalive) {
    const body = new URLSearchParams(JSON.parse(text));
    body.set("seen_version", version.value);
    body.set("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    const headers = { "X-Autosave": "1", "X-Requested-With": "fetch" };
    return fetch(form.dataset.autosave, { method: "POST", headers, body, keepalive, redirect: "manual" });
  }

  async function saveOnce(keepalive) {
    const text = unanswered ?? typed();
    unanswered = text;
    const answer = await send(text, keepalive);
    unanswered = null;
    const isWord = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    if (!isWord) {
      isStopped = answer.status === 401 || answer.status === 403 || answer.type === "opaqueredirect";
      say(isStopped ? word.dataset.loggedOut : word.dataset.offline);
      return false;
    }
    const said = await answer.json();
    say(said.words);
    if (said.state === "saved") {
      version.value = said.version;
      acknowledged = text;
      if (said.fields) takeIn(said.fields, JSON.parse(text));
      return true;
    }
    isStopped = said.state !== "wrong";
    return false;
  }

  // What somebody else changed comes into the form; what was typed here since it was sent stays.
  function takeIn(theirs, sent) {
    const before = new Map(grouped(sent));
    const now = new Map(grouped(fields()));
    const touched = new Set([...now.keys()].filter((name) => String(now.get(name)) !== String(before.get(name) ?? [])));
    const merged = theirs.filter(([name]) => !touched.has(name));
    putBack(merged, (name) => !touched.has(name));
    acknowledged = touched.size ? "" : typed();
  }

  function grouped(pairs) {
    const given = new Map();
    for (const [name, value] of pairs) given.set(name, [...(given.get(name) || []), value]);
    return given;
  }

  function save(keepalive = false) {
    clearTimeout(timer);
    if (running || isStopped || (typed() === acknowledged && unanswered === null)) return running;
    running = (async () => {
      try {
        while (await saveOnce(keepalive)) {
          if (typed() === acknowledged) {
            forget();
            document.dispatchEvent(new CustomEvent("autosaved"));
            return;
          }
        }
      } catch {
        say(word.dataset.offline);
        timer = setTimeout(save, RETRY);
      } finally {
        running = null;
      }
    })();
    return running;
  }

  form.addEventListener("input", () => {
    keep();
    if (isStopped) return;
    say(word.dataset.typing);
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  });
  form.addEventListener("focusout", () => { if (typed() !== acknowledged) save(); });
  window.addEventListener("pagehide", () => { if (typed() !== acknowledged) save(true); });
  document.addEventListener("visibilitychange", () => { if (document.hidden && typed() !== acknowledged) save(true); });

  // Who else has this step open.
  const presence = document.getElementById("presence");

  async function tellPresence(left = false) {
    const body = new URLSearchParams({ place: form.dataset.place });
    if (left) body.set("left", "1");
    body.set("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    try {
      const answer = await fetch(form.dataset.presence, { method: "POST", body, keepalive: left, redirect: "manual" });
      if (!left && answer.ok) {
        const { words } = await answer.json();
        if (presence.textContent !== words) presence.textContent = words;
      }
    } catch { /* the next one tells it */ }
  }

  if (presence && form.dataset.presence) {
    tellPresence();
    setInterval(() => { if (!document.hidden) tellPresence(); }, PRESENCE);
    window.addEventListener("pagehide", () => tellPresence(true));
  }

  // The button waits for what is on its way; otherwise a person would be in conflict with themselves.
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (!running) { isStopped = true; keep(); return; }
    event.preventDefault();
    running.finally(() => form.requestSubmit(event.submitter));
  });

  // Text that never arrived is offered back.
  const offer = document.getElementById("unsent");
  const kept = JSON.parse(localStorage.getItem(key) || "null");
  if (kept && JSON.stringify(kept.fields) === acknowledged) forget();
  else if (kept) {
    offer.querySelector("[data-unsent-time]").textContent = new Date(kept.at).toLocaleString("en-GB");
    offer.hidden = false;
  }

  function putBack(pairs, isWanted = () => true) {
    const given = grouped(pairs);
    for (const [name, [count]] of given) {
      if (!name.endsWith("-TOTAL_FORMS")) continue;
      const list = name.replace("-TOTAL_FORMS", "");
      const button = form.querySelector(`[data-add-row="${list}"]`);
      while (button && Number(form.elements[name].value) < Number(count)) addRow(button);
    }
    for (const element of form.elements) {
      if (!element.name || NOT_TYPED.has(element.name) || element.type === "file") continue;
      if (element.name.endsWith("_FORMS") || element.name.startsWith("take:") || !isWanted(element.name)) continue;
      const values = given.get(element.name) || [];
      if (element.type === "checkbox" || element.type === "radio") element.checked = values.includes(element.value);
      else if (element.multiple) for (const option of element.options) option.selected = values.includes(option.value);
      else if (values.length) element.value = values[0];
      else if (!isWanted.length) continue;
      else if (element.closest(".row-entry") && element.type !== "hidden") element.value = ""; // a row that is gone
    }
  }

  offer.addEventListener("click", (event) => {
    const choice = event.target.dataset.unsent;
    if (!choice) return;
    offer.hidden = true;
    if (choice === "drop") { forget(); return; }
    putBack(kept.fields);
    form.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
