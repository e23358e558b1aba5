// Saves each line of the screening sheet when it is answered. Without this script a button does the same.
"use strict";

(() => {
  // Half-written reasons, notes and questions are asked about before they are left behind.
  const long = [...document.querySelectorAll("form[data-warns]")];
  for (const form of long) {
    form.addEventListener("input", () => form.classList.add("is-unsaved"));
    form.addEventListener("submit", () => form.classList.remove("is-unsaved"));
  }
  addEventListener("beforeunload", (event) => {
    if (document.querySelector("form.is-unsaved")) event.preventDefault();
  });

  const forms = [...document.querySelectorAll("form[data-line]")].filter((form) => !form.querySelector("fieldset:disabled"));
  if (!forms.length) return;
  document.documentElement.classList.add("saves-itself");
  const progress = document.getElementById("sheet-progress");
  const bar = document.getElementById("sheet-bar");
  const running = new WeakMap();

  const isAnswered = (form) => form.querySelector("[name=answer]:checked") !== null;

  async function send(form) {
    const state = form.querySelector(".line-state");
    let answer, data;
    try {
      answer = await fetch(form.action, {
        method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-Autosave": "1" }, keepalive: true,
      });
      data = await answer.json();
    } catch {
      state.textContent = "Not saved: the portal does not answer. Your answer is still in this page; change it again to try anew.";
      form.classList.add("is-unsaved");
      return;
    }
    state.textContent = data.words;
    form.classList.toggle("is-unsaved", !answer.ok);
    if (!answer.ok) { if (data.revision) offerToReplace(form, data.revision); return; }
    form.querySelector("[name=revision]").value = data.revision;
    progress.textContent = data.progress;
    bar.value = data.answered;
  }

  // Somebody was faster: theirs stays unless this officer says otherwise.
  function offerToReplace(form, revision) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = "Replace it with mine";
    button.addEventListener("click", () => { form.querySelector("[name=revision]").value = revision; save(form); });
    form.querySelector(".line-state").append(" ", button);
  }

  // One request after the other for each line: the second needs the revision that the first brings.
  function save(form) {
    if (!isAnswered(form)) {
      form.querySelector(".line-state").textContent = "Not saved yet: choose an answer.";
      form.classList.add("is-unsaved");
      return;
    }
    const before = running.get(form) ?? Promise.resolve();
    running.set(form, before.then(() => send(form)));
  }

  for (const form of forms) {
    form.addEventListener("change", () => save(form));
    form.addEventListener("submit", (event) => { event.preventDefault(); save(form); });
    // Who differs says why: the field is at hand at once.
    form.querySelector("[value=differ]")?.addEventListener("change", () => form.querySelector("textarea")?.focus());
  }

  const next = document.getElementById("next-unanswered");
  next.hidden = false;
  next.addEventListener("click", () => {
    const form = forms.find((one) => !isAnswered(one));
    if (!form) { next.textContent = "Every line is answered"; next.disabled = true; return; }
    for (let outer = form.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
    form.querySelector("[name=answer]").focus();
    form.scrollIntoView({ block: "center" });
  });
})();
