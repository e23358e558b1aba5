// Saves a step while it is written. Without this script a button does the same.
// What was typed is kept in the browser until the portal has said that it is saved.
"use strict";

// Where a step can no longer be written, text that never arrived can still be saved as a file.
function offerTextOfAClosedStep(key) {
  const offer = document.getElementById("unsent-closed");
  const unsent = kept.get(key);
  if (!offer || !unsent?.fields) return;
  const text = unsent.fields.filter(([name, value]) => value && !/-(TOTAL|INITIAL|MIN_NUM|MAX_NUM)_FORMS$|-row$/.test(name))
    .map(([name, value]) => `${name}:\n${value}`).join("\n\n");
  offer.querySelector("a").href = `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`;
  offer.querySelector("button").addEventListener("click", () => { kept.drop(key); offer.hidden = true; });
  offer.hidden = false;
}

(() => {
  const form = document.querySelector("form[data-autosave]");
  const word = document.getElementById("autosave");
  if (form) offerTextOfAClosedStep(`unsent ${form.dataset.autosave}`);
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
    word.classList.toggle("is-stopped", isStopped);
  }

  function keep() {
    if (typed() === acknowledged) return;
    kept.set(key, { fields: fields(), at: Date.now() }); // a browser that keeps nothing still saves
  }

  function forget() {
    kept.drop(key);
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
    isStopped = !["saved", "wrong", "too-large", "later"].includes(said.state);
    say(said.words);
    word.classList.toggle("needs-correction", Boolean(said.needs_correction));
    if (said.state === "saved") {
      version.value = said.version;
      acknowledged = text;
      if (said.fields) takeIn(said.fields, JSON.parse(text));
      else showUnderstood(said.understood || {}, JSON.parse(text));
      return true;
    }
    return false;
  }

  // Amounts, numbers and days as the portal read them, unless somebody has typed on.
  function showUnderstood(understood, sent) {
    const before = new Map(sent);
    if (typed() !== acknowledged) return;
    for (const [name, text] of Object.entries(understood)) {
      const control = form.elements[name];
      if (control instanceof HTMLInputElement && control !== document.activeElement && control.value === before.get(name)) control.value = text;
    }
    acknowledged = typed();
  }

  // What somebody else changed comes into the form; what was typed here since it was sent stays.
  function takeIn(theirs, sent) {
    const before = grouped(sent);
    const now = grouped(fields());
    const names = new Set([...before.keys(), ...now.keys()]);
    const touched = new Set([...names].filter((name) => String(now.get(name) ?? "") !== String(before.get(name) ?? "")));
    const lists = [...form.querySelectorAll("[data-add-row]")];
    const inList = (name) => lists.some((button) => name.startsWith(`${button.dataset.addRow}-`));
    const isWanted = (name) => !touched.has(name) && !inList(name);
    putBack(theirs.filter(([name]) => isWanted(name)), isWanted);
    for (const button of lists) takeInRows(button, grouped(theirs), touched);
    acknowledged = touched.size ? "" : typed();
  }

  // Rows are told apart by their ids, wherever they stand on the page.
  function takeInRows(button, theirs, touched) {
    const list = button.dataset.addRow;
    const controls = (number) => [...form.elements].filter((one) => one.name?.startsWith(`${list}-${number}-`));
    const isBlank = (number) => controls(number).every((one) => one.type === "hidden" || one.type === "checkbox" || !one.value);
    const numbers = () => [...Array(Number(form.elements[`${list}-TOTAL_FORMS`].value)).keys()];
    const idOf = (number) => form.elements[`${list}-${number}-row`]?.value;
    const isTouched = (number) => controls(number).some((one) => touched.has(one.name));
    const kept = new Set();
    for (let row = 0; theirs.has(`${list}-${row}-row`); row += 1) {
      const values = [...theirs].filter(([name]) => name.startsWith(`${list}-${row}-`));
      if (!values.some(([name, [value]]) => value && !name.endsWith("-row"))) continue;
      const [id] = theirs.get(`${list}-${row}-row`);
      let number = numbers().find((one) => idOf(one) === id);
      if (number === undefined) number = numbers().find((one) => !kept.has(idOf(one)) && isBlank(one) && !isTouched(one));
      if (number === undefined) { addRow(button); number = numbers().length - 1; }
      kept.add(id);
      for (const [name, [value]] of values) {
        const control = form.elements[`${list}-${number}-${name.slice(`${list}-${row}-`.length)}`];
        if (control && control.type !== "checkbox" && !touched.has(control.name)) control.value = value;
      }
    }
    for (const number of numbers()) {
      if (kept.has(idOf(number)) || isTouched(number)) continue;
      for (const one of controls(number)) if (one.type !== "hidden" && one.type !== "checkbox") one.value = "";
    }
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
  // A text that the portal does not take stays in this page instead of being sent away.
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (new Blob([new URLSearchParams(fields())]).size > Number(form.dataset.most || Infinity)) {
      event.preventDefault();
      keep();
      say(word.dataset.tooLarge);
      return;
    }
    if (!running) { isStopped = true; keep(); return; }
    event.preventDefault();
    running.finally(() => form.requestSubmit(event.submitter));
  });

  // Text that never arrived is offered back.
  const offer = document.getElementById("unsent");
  const unsent = kept.get(key)?.fields ? kept.get(key) : null;
  if (unsent && JSON.stringify(unsent.fields) === acknowledged) forget();
  else if (unsent && !document.getElementById("conflict-title")) {
    offer.querySelector("[data-unsent-time]").textContent = new Date(unsent.at).toLocaleString("en-GB");
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
      else if (element.closest(".row-entry")) element.value = ""; // a row that is gone
    }
  }

  offer.addEventListener("click", (event) => {
    const choice = event.target.dataset.unsent;
    if (!choice) return;
    offer.hidden = true;
    if (choice === "drop") { forget(); return; }
    putBack(unsent.fields);
    form.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
