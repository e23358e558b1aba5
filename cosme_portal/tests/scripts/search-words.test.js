import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { matches } from "../../../static/js/search-words.js";

describe("a search in a list of choices", () => {
  it("finds words by their beginning, in any order", () => {
    assert.ok(matches("Papua New Guinea", "gui pap"));
    assert.ok(!matches("Papua New Guinea", "apua"));
  });

  it("makes no difference between letters with and without accents", () => {
    assert.ok(matches("Côte d’Ivoire", "cote ivo"));
    assert.ok(matches("São Tomé and Príncipe", "SÃO tome"));
  });

  it("shows everything where nothing is typed", () => {
    assert.ok(matches("Japan", "  "));
  });
});
