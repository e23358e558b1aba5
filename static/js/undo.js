// The offer to undo what was just done goes away after a while, but not while somebody is on it.

const SHOWN_FOR = 10_000; // milliseconds

/** @type {WeakMap<HTMLElement, number>} */
const timers = new WeakMap();

/**
 * Shows an offer, and hides it ten seconds after nobody points at it any more.
 *
 * @param {HTMLElement} offer
 */
export function offerForAWhile(offer) {
  offer.hidden = false;
  clearTimeout(timers.get(offer));
  timers.set(
    offer,
    setTimeout(() => {
      if (offer.matches(":hover, :focus-within")) offerForAWhile(offer);
      else offer.hidden = true;
    }, SHOWN_FOR),
  );
}

for (const offer of document.querySelectorAll("[data-undo]:not([hidden])"))
  if (offer instanceof HTMLElement) offerForAWhile(offer);
