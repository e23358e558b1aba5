import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createUnsentStore } from "../../../static/js/unsent-store.js";

const STEP = "/proposals/AAAA-BBBB/steps/summary/";
const UNSENT = { fields: [["acronym", "LASER"]], at: 1 };

/** A storage like the browser's: keys are its own properties. */
class FakeStorage {
  getItem(key) {
    return Object.hasOwn(this, key) ? this[key] : null;
  }

  setItem(key, value) {
    this[key] = String(value);
  }

  removeItem(key) {
    delete this[key];
  }
}

describe("text that was not sent", () => {
  it("comes back under the address of its step only", () => {
    const store = createUnsentStore(() => storage);
    const storage = new FakeStorage();
    assert.equal(store.set(STEP, UNSENT), true);
    assert.deepEqual(store.get(STEP), UNSENT);
    assert.equal(store.get("/proposals/AAAA-BBBB/steps/vision/"), null);
  });

  it("is there after the page was loaded again", () => {
    const storage = new FakeStorage();
    createUnsentStore(() => storage).set(STEP, UNSENT);
    assert.deepEqual(createUnsentStore(() => storage).get(STEP), UNSENT);
  });

  it("is removed step by step, or all at once without anything of others", () => {
    const storage = new FakeStorage();
    const store = createUnsentStore(() => storage);
    store.set(STEP, UNSENT);
    store.set("/other/", UNSENT);
    storage.setItem("theme", "dark");
    store.remove(STEP);
    assert.equal(store.get(STEP), null);
    assert.deepEqual(store.get("/other/"), UNSENT);
    store.removeAll();
    assert.deepEqual(Object.keys(storage), ["theme"]);
  });

  it("is nothing where the storage holds something else", () => {
    const storage = new FakeStorage();
    const store = createUnsentStore(() => storage);
    for (const damaged of ["{", "null", "[]", '"text"', '{"fields": "LASER"}']) {
      storage.setItem(`unsent ${STEP}`, damaged);
      assert.equal(store.get(STEP), null, damaged);
    }
  });

  it("is not kept by a browser that forbids storage, and nothing fails", () => {
    const store = createUnsentStore(() => {
      throw new DOMException("Access is denied", "SecurityError");
    });
    assert.equal(store.set(STEP, UNSENT), false);
    assert.equal(store.get(STEP), null);
    store.remove(STEP);
    store.removeAll();
  });

  it("is not kept by a storage that is full, and what was there stays", () => {
    const storage = new FakeStorage();
    const store = createUnsentStore(() => storage);
    store.set(STEP, UNSENT);
    storage.setItem = () => {
      throw new DOMException("Full", "QuotaExceededError");
    };
    assert.equal(store.set(STEP, { ...UNSENT, at: 2 }), false);
    assert.deepEqual(store.get(STEP), UNSENT);
  });
});
