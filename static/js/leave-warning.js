// Asks before half-written reasons, notes and decisions are left behind.

for (const form of document.querySelectorAll("form[data-warns]")) {
  form.addEventListener("input", () => form.classList.add("is-unsaved"));
  form.addEventListener("submit", () => form.classList.remove("is-unsaved"));
}
addEventListener("beforeunload", (event) => {
  if (document.querySelector("form.is-unsaved")) event.preventDefault();
});
