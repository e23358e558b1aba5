import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";

import { formatCents, formatRate, parseCents } from "../../../static/js/amounts.js";

const vectors = JSON.parse(await readFile(new URL("amounts.json", import.meta.url), "utf8"));

describe("an amount in the budget", () => {
  it("is read as the server reads it", () => {
    for (const [text, cents] of vectors["read by the page and by the server"])
      assert.equal(parseCents(text), cents, JSON.stringify(text));
  });

  it("is not guessed where it has two readings or none", () => {
    for (const text of vectors["read by neither"])
      assert.ok(Number.isNaN(parseCents(text)), JSON.stringify(text));
    for (const [text] of vectors["left to the server by the page"])
      assert.ok(Number.isNaN(parseCents(text)), JSON.stringify(text));
    assert.ok(Number.isNaN(parseCents("9".repeat(13))));
  });

  it("is shown with cents only where there are some", () => {
    assert.equal(formatCents(2400000, "en-GB"), "24,000");
    assert.equal(formatCents(2400050, "en-GB"), "24,000.50");
    assert.equal(formatCents(Number.NaN, "en-GB"), "–");
  });

  it("has a rate only beside costs", () => {
    assert.equal(formatRate(2960000, 4000000), "74.00%");
    assert.equal(formatRate(100, 0), "–");
    assert.equal(formatRate(Number.NaN, 100), "–");
  });
});
