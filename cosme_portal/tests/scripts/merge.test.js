import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { groupPairs, planRows, restoreControl, touchedNames } from "../../../static/js/merge.js";

/** A row of a form; blank and untouched unless said otherwise. */
function row(number, id, values = {}) {
  return { number, id, isBlank: false, isTouched: false, ...values };
}

/** What the portal stored, as the form's names and values. */
function stored(...rows) {
  return groupPairs(
    rows.flatMap(([id, region], number) => [
      [`markets-${number}-row`, id],
      [`markets-${number}-region`, region],
    ]),
  );
}

describe("names that were touched since the form was sent", () => {
  it("are those with another value, a new one, or one that is gone", () => {
    const sent = [
      ["same", "1"],
      ["changed", "old"],
      ["gone", "x"],
    ];
    const current = [
      ["same", "1"],
      ["changed", "new"],
      ["added", "y"],
    ];
    assert.deepEqual([...touchedNames(sent, current)].sort(), ["added", "changed", "gone"]);
  });

  it("compare all values of a name in their order", () => {
    const sent = [
      ["sectors", "a"],
      ["sectors", "b"],
    ];
    assert.deepEqual([...touchedNames(sent, [["sectors", "a"]])], ["sectors"]);
    assert.equal(touchedNames(sent, sent.slice()).size, 0);
  });

  it("do not include an empty field that was not there before", () => {
    assert.equal(touchedNames([], [["new", ""]]).size, 0);
  });
});

describe("rows that were stored elsewhere", () => {
  it("go to the row with their id, wherever it is on the page", () => {
    const plan = planRows("markets", stored(["b", "ASEAN"], ["a", "Mercosur"]), [
      row(0, "a"),
      row(1, "b"),
    ]);
    assert.deepEqual(
      plan.updates.map(({ number, values }) => [number, Object.fromEntries(values).region]),
      [
        [1, "ASEAN"],
        [0, "Mercosur"],
      ],
    );
    assert.deepEqual(plan.emptied, []);
  });

  it("take the first blank row in which nobody writes", () => {
    const rows = [
      row(0, "a", { isTouched: true }),
      row(1, "x", { isBlank: true, isTouched: true }),
      row(2, "y", { isBlank: true }),
    ];
    const plan = planRows("markets", stored(["new", "ASEAN"]), rows);
    assert.deepEqual(
      plan.updates.map(({ number }) => number),
      [2],
    );
  });

  it("never share a blank row", () => {
    const rows = [row(0, "x", { isBlank: true })];
    const plan = planRows("markets", stored(["n1", "ASEAN"], ["n2", "Mercosur"]), rows);
    assert.deepEqual(
      plan.updates.map(({ number }) => number),
      [0, 1],
    );
  });

  it("become new rows where none is free", () => {
    const rows = [row(0, "mine", { isTouched: true })];
    const plan = planRows("markets", stored(["new", "ASEAN"]), rows);
    assert.deepEqual(plan.updates, [
      {
        number: 1,
        values: [
          ["row", "new"],
          ["region", "ASEAN"],
        ],
      },
    ]);
    assert.deepEqual(plan.emptied, []);
  });

  it("are left out where they are empty, without hiding those behind them", () => {
    const plan = planRows("markets", stored(["e", ""], ["a", "ASEAN"]), [row(0, "a")]);
    assert.deepEqual(
      plan.updates.map(({ number }) => number),
      [0],
    );
  });
});

describe("rows that were removed elsewhere", () => {
  it("are emptied", () => {
    const plan = planRows("markets", stored(["a", "ASEAN"]), [row(0, "a"), row(1, "b")]);
    assert.deepEqual(plan.emptied, [1]);
  });

  it("stay where somebody writes in them", () => {
    const rows = [row(0, "a", { isTouched: true })];
    assert.deepEqual(planRows("markets", stored(), rows), { updates: [], emptied: [] });
  });

  it("leave the rows that were passed in as they were", () => {
    const rows = [row(0, "x", { isBlank: true })];
    planRows("markets", stored(["new", "ASEAN"]), rows);
    assert.deepEqual(rows, [row(0, "x", { isBlank: true })]);
  });
});

describe("a control that is restored", () => {
  it("takes its text, and keeps it where nothing was stored for it", () => {
    const control = { name: "title", type: "text", value: "now" };
    restoreControl(control, ["kept"], false);
    assert.equal(control.value, "kept");
    restoreControl(control, [], false);
    assert.equal(control.value, "kept");
  });

  it("is emptied where its row is gone", () => {
    const control = { name: "markets-1-region", type: "text", value: "ASEAN" };
    restoreControl(control, [], true);
    assert.equal(control.value, "");
  });

  it("is ticked or unticked", () => {
    const control = { name: "sectors", type: "checkbox", value: "a", checked: true };
    restoreControl(control, ["b"], false);
    assert.equal(control.checked, false);
    restoreControl(control, ["a", "b"], false);
    assert.equal(control.checked, true);
  });

  it("selects several options", () => {
    const options = [
      { value: "a", selected: true },
      { value: "b", selected: false },
    ];
    restoreControl({ name: "s", type: "select-multiple", value: "", multiple: true, options }, [
      "b",
    ]);
    assert.deepEqual(
      options.map(({ selected }) => selected),
      [false, true],
    );
  });
});
