// Shows a text with its lists and bold words below the box in which it is written.
// The server makes the preview, so that it is what pages, PDFs and officers show.

const PAUSE = 400; // milliseconds without a key before an open preview is loaded again

export function setUpTextPreviews() {
  document.addEventListener("toggle", showOpened, true); // it does not bubble
  document.addEventListener("input", showTyped);
}

/** @param {Event} event */
function showOpened(event) {
  const details = event.target;
  if (details instanceof HTMLDetailsElement && details.dataset.textPreview && details.open)
    load(details);
}

/** @type {number | undefined} */
let timer;

/** @param {Event} event */
function showTyped(event) {
  if (!(event.target instanceof HTMLTextAreaElement)) return;
  const details = event.target.parentElement?.querySelector("[data-text-preview][open]");
  if (!(details instanceof HTMLDetailsElement)) return;
  clearTimeout(timer);
  timer = window.setTimeout(() => load(details), PAUSE);
}

/** @param {HTMLDetailsElement} details */
async function load(details) {
  const control = details.parentElement?.querySelector("textarea");
  const shown = details.querySelector(".rich-text");
  const token = document.querySelector("[name=csrfmiddlewaretoken]");
  if (!control || !shown || !(token instanceof HTMLInputElement)) return;
  const body = new URLSearchParams({ text: control.value, csrfmiddlewaretoken: token.value });
  const response = await fetch(details.dataset.textPreview ?? "", {
    method: "POST",
    body,
    redirect: "manual",
  }).catch(() => null);
  if (response?.ok || response?.status === 422) shown.innerHTML = await response.text();
}
