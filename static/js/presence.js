// Says who else has a step open, and that this page has it open.

const INTERVAL = 10_000; // milliseconds

/** @param {HTMLFormElement} form  names its place and the address that is asked */
export function setUpPresence(form) {
  const status = document.getElementById("presence");
  const { presence: address, place = "" } = form.dataset;
  if (!status || !address) return;
  const token = form.querySelector("[name=csrfmiddlewaretoken]");

  async function report(hasLeft = false) {
    const body = new URLSearchParams({ place });
    if (hasLeft) body.set("left", "1");
    if (token instanceof HTMLInputElement) body.set("csrfmiddlewaretoken", token.value);
    try {
      const response = await fetch(address ?? "", {
        method: "POST",
        body,
        keepalive: hasLeft,
        redirect: "manual",
      });
      if (hasLeft || !response.ok) return;
      const { words } = await response.json();
      if (status && status.textContent !== words) status.textContent = words;
    } catch {
      // the next report says it
    }
  }

  report();
  setInterval(() => {
    if (!document.hidden) report();
  }, INTERVAL);
  window.addEventListener("pagehide", () => report(true));
}
