// Parts of pages that need a script, or that a script adapts to the screen, the paper or the reader.

/** Shows what works with scripts only, and hides what stands in for it. */
export function adaptToScripts() {
  for (const element of document.querySelectorAll("[data-needs-script]"))
    element.removeAttribute("hidden");
  for (const element of document.querySelectorAll("[data-without-script]"))
    element.setAttribute("hidden", "");
}

/** Folds the list of steps on narrow screens; on wide ones it is open. */
export function foldSteps() {
  if (!window.matchMedia("(max-width: 61.98rem)").matches) return;
  for (const list of document.querySelectorAll(".wizard-side details"))
    list.removeAttribute("open");
}

/** Closes an open menu by Escape, which leads back to its button, and by a click beside it. */
export function setUpMenus() {
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" ? document.querySelector("[data-menu][open]") : null;
    menu?.removeAttribute("open");
    const button = menu?.querySelector("summary");
    if (button instanceof HTMLElement) button.focus();
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("[data-menu][open]")) {
      if (event.target instanceof Node && !menu.contains(event.target))
        menu.removeAttribute("open");
    }
  });
}

/** Opens everything folded before the page is printed. */
export function setUpPrinting() {
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-print]")) window.print();
  });
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("main details:not([open])"))
      details.setAttribute("open", "");
  });
}

/** Loads the form by which the helpdesk is asked into the foot of the page; without scripts it is a link. */
export function setUpLazyParts() {
  for (const details of document.querySelectorAll("details[data-part]")) {
    if (details instanceof HTMLDetailsElement)
      details.addEventListener("toggle", () => loadPart(details));
  }
}

/** @param {HTMLDetailsElement} details */
async function loadPart(details) {
  if (!details.open || details.querySelector("form")) return;
  const address = `${details.dataset.part}?page=${encodeURIComponent(location.pathname)}`;
  const response = await fetch(address, { headers: { "X-Part": "1" } }).catch(() => null);
  if (!response?.ok) return;
  const holder = document.createElement("div");
  holder.innerHTML = await response.text();
  details.querySelector("p")?.replaceWith(holder);
  const field = holder.querySelector("input:not([type=hidden])");
  if (field instanceof HTMLElement) field.focus();
}
