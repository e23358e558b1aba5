// What is typed is not left behind by accident, sent twice, or left on a shared machine.

import { unsentStore } from "./unsent-store.js";

/** Asks before a page is left on which something was typed and not sent. */
export function setUpLeaveWarning() {
  let isTyped = false;
  const settle = () => {
    isTyped = false;
  };
  document.addEventListener("input", (event) => {
    const form = event.target instanceof Element ? event.target.closest("form") : null;
    if (form && form.method === "post") isTyped = true;
  });
  document.addEventListener("submit", settle);
  document.addEventListener("autosaved", settle);
  window.addEventListener("beforeunload", (event) => {
    if (isTyped) event.preventDefault();
  });
}

/** Disables a second click on a submit button; the server would make one version of two all the same. */
export function setUpSubmitOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.matches("[data-once]")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    const button = form.querySelector("button[type=submit]");
    if (button instanceof HTMLElement && button.dataset.working)
      button.textContent = button.dataset.working;
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-once]")) form.removeAttribute("data-sent");
  });
}

/** Removes unsent text when a person logs out, and that of a step which the button has saved. */
export function setUpUnsentRemoval() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form instanceof HTMLFormElement && form.action.endsWith("/account/logout/"))
      unsentStore.removeAll();
  });
  for (const message of document.querySelectorAll("[data-saved-step]")) {
    unsentStore.remove(message.getAttribute("data-saved-step") ?? "");
  }
}
