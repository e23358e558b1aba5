// Sends one text after the other, and knows which one the portal has confirmed.
// A text that was sent and got no answer is sent again first, so that nothing is saved twice.

const PAUSE = 2000; // milliseconds after the last key
const RETRY = 5000;

/**
 * @typedef {object} Result
 * @property {boolean} isSaved
 * @property {boolean} isStopped  no later text of this page can be stored
 * @property {string} [confirmed]  the text of the form that counts as saved; "" where it is not yet
 */

/**
 * @template Reply
 * @param {object} page
 * @param {() => string} page.read  the text of the form as it is now
 * @param {(text: string, keepalive: boolean) => Promise<Reply>} page.send  rejects where no answer comes
 * @param {(reply: Reply, text: string) => Promise<Result>} page.handle
 * @param {() => void} page.onSaved  everything that was typed is stored
 * @param {() => void} page.onUnreachable  no answer came; the text is sent again later
 * @param {(action: () => void, milliseconds: number) => unknown} [page.setTimer]
 * @param {(timer: any) => void} [page.clearTimer]
 */
export function createSaveQueue({
  read,
  send,
  handle,
  onSaved,
  onUnreachable,
  setTimer = (action, milliseconds) => setTimeout(action, milliseconds),
  clearTimer = (timer) => clearTimeout(timer),
}) {
  let confirmed = read();
  /** @type {string | null} */
  let unanswered = null;
  /** @type {Promise<void> | null} */
  let running = null;
  let isStopped = false;
  /** @type {unknown} */
  let timer;

  const isChanged = () => read() !== confirmed;

  /** @param {boolean} keepalive */
  async function saveOnce(keepalive) {
    const text = unanswered ?? read();
    unanswered = text;
    const reply = await send(text, keepalive);
    unanswered = null;
    const result = await handle(reply, text);
    isStopped = result.isStopped;
    if (result.isSaved) confirmed = result.confirmed ?? text;
    return result.isSaved;
  }

  /** @param {boolean} keepalive */
  async function saveAll(keepalive) {
    try {
      while (await saveOnce(keepalive)) {
        if (!isChanged()) {
          onSaved();
          return;
        }
      }
    } catch {
      onUnreachable();
      timer = setTimer(() => save(), RETRY);
    } finally {
      running = null;
    }
  }

  /**
   * @param {boolean} [keepalive]  the page is being left
   * @returns {Promise<void> | null} what is on its way
   */
  function save(keepalive = false) {
    cancel();
    if (running || isStopped || (!isChanged() && unanswered === null)) return running;
    running = saveAll(keepalive);
    return running;
  }

  function cancel() {
    clearTimer(timer);
  }

  return {
    save,
    cancel,
    isChanged,
    /** Saves when nothing has been typed for a while. */
    saveSoon() {
      cancel();
      timer = setTimer(() => save(), PAUSE);
    },
    /** Sends nothing more: the form itself is being sent. */
    stop() {
      isStopped = true;
    },
    get isStopped() {
      return isStopped;
    },
    get running() {
      return running;
    },
  };
}
