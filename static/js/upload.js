// Files go up while the page stays: chosen or dropped, several places at once, each with its progress.
// Without this script each place has a page with an ordinary form.

const MAX_SIZE = 10 * 1024 * 1024; // bytes; the portal checks again

/** @param {HTMLElement} place */
function setUpUpload(place) {
  const input = place.querySelector("input[type=file]");
  const status = place.querySelector("[data-upload-words]");
  const progress = place.querySelector("progress");
  const retry = place.querySelector("[data-upload-again]");
  if (!(input instanceof HTMLInputElement && status instanceof HTMLElement)) return;
  if (!(progress && retry instanceof HTMLElement)) return;
  const texts = status.dataset;
  /** @type {File | null} */
  let lastFile = null;

  /** @param {string | undefined} text */
  function setStatus(text) {
    if (status) status.textContent = text ?? "";
  }

  /** @param {File | undefined} file */
  function send(file) {
    if (!file) return;
    lastFile = file;
    show(retry, false);
    if (file.size > MAX_SIZE) {
      setStatus(texts.tooLarge);
      return;
    }
    const request = new XMLHttpRequest();
    request.open("POST", place.dataset.upload ?? "");
    request.setRequestHeader("X-Upload", "1");
    request.upload.addEventListener("progress", showProgress);
    request.upload.addEventListener("load", () => setStatus(texts.checking));
    request.addEventListener("load", () => handle(request.responseText));
    request.addEventListener("error", offerRetry);
    request.addEventListener("timeout", offerRetry);
    if (progress) progress.value = 0;
    show(progress, true);
    setStatus(texts.sending);
    request.send(bodyWith(file));
  }

  /** @param {File} file */
  function bodyWith(file) {
    const body = new FormData();
    const token = document.querySelector("[name=csrfmiddlewaretoken]");
    if (token instanceof HTMLInputElement) body.set("csrfmiddlewaretoken", token.value);
    body.set("seen", place.dataset.seen ?? "");
    body.set("file", file);
    return body;
  }

  /** @param {ProgressEvent} event */
  function showProgress(event) {
    if (progress && event.lengthComputable) progress.value = (100 * event.loaded) / event.total;
  }

  function offerRetry() {
    show(progress, false);
    show(retry, true);
    setStatus(texts.broken);
  }

  /** @param {string} response */
  function handle(response) {
    show(progress, false);
    let reply;
    try {
      reply = JSON.parse(response);
    } catch {
      offerRetry();
      return;
    }
    setStatus(reply.words);
    if (!reply.sha256) return;
    place.dataset.seen = reply.sha256;
    const stored = place.querySelector("[data-upload-file]");
    if (stored) stored.innerHTML = reply.html;
    if (input instanceof HTMLInputElement) input.value = "";
  }

  input.addEventListener("change", () => send(input.files?.[0]));
  retry.addEventListener("click", () => send(lastFile ?? undefined));
  place.addEventListener("dragover", (event) => {
    event.preventDefault();
    place.classList.add("is-over");
  });
  place.addEventListener("dragleave", () => place.classList.remove("is-over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("is-over");
    const files = event.dataTransfer?.files;
    if (files?.length === 1) send(files[0]);
    else setStatus(texts.one);
  });
}

/**
 * @param {Element | null} element
 * @param {boolean} isShown
 */
function show(element, isShown) {
  element?.toggleAttribute("hidden", !isShown);
}

for (const place of document.querySelectorAll("[data-upload]")) {
  if (place instanceof HTMLElement) setUpUpload(place);
}

// A file that is dropped beside its place must not replace the page, and the text on it.
for (const kind of ["dragover", "drop"])
  window.addEventListener(kind, (event) => event.preventDefault());
