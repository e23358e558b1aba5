import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { countCharacters } from "../../../static/js/characters.js";
import { parseTable } from "../../../static/js/table-text.js";

describe("characters", () => {
  it("are counted as the server counts them", () => {
    const cases = [
      ["", 0],
      ["  a b  ", 3],
      ["a\r\nb", 3],
      ["😀😀", 2],
      ["a\u0000b", 2],
      [" \u2003x\ufffe", 1],
      ["e\u0301", 2],
    ];
    for (const [text, count] of cases)
      assert.equal(countCharacters(text), count, JSON.stringify(text));
  });
});

describe("a pasted table", () => {
  it("has its cells by line, whatever ends the lines", () => {
    const cells = [
      ["a", "b"],
      ["c", "d"],
    ];
    for (const end of ["\n", "\r\n", "\r"])
      assert.deepEqual(parseTable(`a\tb${end}c\td${end}`), cells);
  });

  it("is none where lines differ in length", () => {
    assert.deepEqual(parseTable("a\tb\nc"), []);
  });
});
