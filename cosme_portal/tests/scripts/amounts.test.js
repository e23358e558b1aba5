import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";

import { exceedsRate, formatCents, formatRate, parseCents } from "../../../static/js/amounts.js";

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
  });

  it("is shown with cents only where there are some", () => {
    assert.equal(formatCents(2400000, "en-GB"), "24,000");
    assert.equal(formatCents(2400050, "en-GB"), "24,000.50");
  });
});

describe("the co-financing rate", () => {
  it("is rounded as the server rounds it", () => {
    for (const [grant, costs, text] of vectors["rates of grant and costs"])
      assert.equal(formatRate(grant, costs), text, `${grant} of ${costs}`);
  });

  it("is compared exactly with its maximum", () => {
    for (const [grant, costs, percent, isOver] of vectors["maximum rates"])
      assert.equal(exceedsRate(grant, costs, percent), isOver, `${grant} of ${costs}`);
  });
});
