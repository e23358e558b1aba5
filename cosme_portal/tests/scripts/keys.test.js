import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { keyOf, nextOpen, stepFrom } from "../../../static/js/keys.js";

const pressed = (key, held = {}) => ({
  key,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  isComposing: false,
  ...held,
});
const field = (type) => ({ type, matches: () => true });
const elsewhere = { matches: () => false };

describe("a key", () => {
  it("is asked for where nobody types", () => {
    assert.equal(keyOf(pressed("j"), elsewhere), "j");
    assert.equal(keyOf(pressed("?"), null), "?");
    assert.equal(keyOf(pressed("c"), field("radio")), "c");
  });

  it("is a letter of the text where somebody types", () => {
    for (const type of ["text", "textarea", undefined])
      assert.equal(keyOf(pressed("c"), field(type)), "");
    assert.equal(keyOf(pressed("c", { isComposing: true }), elsewhere), "");
  });

  it("is the browser's with another key, and where it has a name", () => {
    for (const held of ["ctrlKey", "altKey", "metaKey"])
      assert.equal(keyOf(pressed("c", { [held]: true }), elsewhere), "");
    for (const key of ["Enter", "Tab", " ", "ArrowDown"])
      assert.equal(keyOf(pressed(key), elsewhere), "");
  });
});

describe("a selection", () => {
  it("goes on by steps, and stays at the ends", () => {
    const items = ["a", "b", "c"];
    assert.equal(stepFrom(items, "a", 1), "b");
    assert.equal(stepFrom(items, "c", 1), "c");
    assert.equal(stepFrom(items, "a", -1), "a");
  });

  it("begins at the first item, or at the last", () => {
    assert.equal(stepFrom(["a", "b"], null, 1), "a");
    assert.equal(stepFrom(["a", "b"], "gone", -1), "b");
    assert.equal(stepFrom([], null, 1), undefined);
  });

  it("goes to the next open item, and begins again at the top", () => {
    const isOpen = (item) => item !== "b";
    assert.equal(nextOpen(["a", "b", "c"], "a", isOpen), "c");
    assert.equal(nextOpen(["a", "b", "c"], "c", isOpen), "a");
    assert.equal(
      nextOpen(["a", "b"], "b", () => false),
      undefined,
    );
  });
});
