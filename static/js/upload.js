// Files go up while the page stays: chosen or dropped, several places at once, each with its progress.
// Without this script each place has a page with an ordinary form.
"use strict";

const LARGEST = 10 * 1024 * 1024; // bytes; the portal asks again

function setUpUpload(place) {
  const input = place.querySelector("input[type=file]");
  if (!input) return;
  const words = place.querySelector("[data-upload-words]");
  const bar = place.querySelector("progress");
  const again = place.querySelector("[data-upload-again]");
  let last = null;

  function say(text) { words.textContent = text; }

  function send(file) {
    last = file;
    again.hidden = true;
    if (file.size > LARGEST) { say(words.dataset.tooLarge); return; }
    const body = new FormData();
    body.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
    body.set("seen", place.dataset.seen);
    body.set("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", place.dataset.upload);
    request.setRequestHeader("X-Upload", "1");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
    });
    request.upload.addEventListener("load", () => say(words.dataset.checking));
    request.addEventListener("load", () => answered(request));
    request.addEventListener("error", broken);
    request.addEventListener("timeout", broken);
    bar.value = 0;
    bar.hidden = false;
    say(words.dataset.sending);
    request.send(body);
  }

  function broken() {
    bar.hidden = true;
    again.hidden = false;
    say(words.dataset.broken);
  }

  function answered(request) {
    bar.hidden = true;
    let said;
    try { said = JSON.parse(request.responseText); } catch { broken(); return; }
    say(said.words);
    if (!said.sha256) return;
    place.dataset.seen = said.sha256;
    place.querySelector("[data-upload-file]").innerHTML = said.html;
    input.value = "";
  }

  input.addEventListener("change", () => { if (input.files.length) send(input.files[0]); });
  again.addEventListener("click", () => { if (last) send(last); });
  place.addEventListener("dragover", (event) => { event.preventDefault(); place.classList.add("is-over"); });
  place.addEventListener("dragleave", () => place.classList.remove("is-over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("is-over");
    const files = event.dataTransfer.files;
    if (files.length === 1) send(files[0]);
    else say(words.dataset.one);
  });
}

for (const place of document.querySelectorAll("[data-upload]")) setUpUpload(place);
// A file that is dropped beside its place must not replace the page, and the text on it.
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
