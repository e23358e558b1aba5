// Text that the portal has not confirmed is kept in the browser, under the address of its step.
// Some browsers forbid storage: then nothing is kept, and everything else goes on.

const PREFIX = "unsent ";

/**
 * @typedef {[string, string]} Pair  name and value of a form control
 * @typedef {{ fields: Pair[], at: number }} Unsent
 */

/** @param {() => Storage} getStorage  because even naming `localStorage` can throw */
export function createUnsentStore(getStorage) {
  return {
    /**
     * @param {string} address
     * @returns {Unsent | null}
     */
    get(address) {
      try {
        const stored = JSON.parse(getStorage().getItem(PREFIX + address) ?? "null");
        return Array.isArray(stored?.fields) ? stored : null;
      } catch {
        return null;
      }
    },

    /**
     * @param {string} address
     * @param {Unsent} unsent
     * @returns {boolean} whether it was stored
     */
    set(address, unsent) {
      try {
        getStorage().setItem(PREFIX + address, JSON.stringify(unsent));
        return true;
      } catch {
        return false;
      }
    },

    /** @param {string} address */
    remove(address) {
      try {
        getStorage().removeItem(PREFIX + address);
      } catch {
        // nothing was stored
      }
    },

    removeAll() {
      try {
        const storage = getStorage();
        for (const key of Object.keys(storage)) {
          if (key.startsWith(PREFIX)) storage.removeItem(key);
        }
      } catch {
        // nothing was stored
      }
    },
  };
}

export const unsentStore = createUnsentStore(() => localStorage);
