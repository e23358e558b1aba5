import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createSaveQueue } from "../../../static/js/save-queue.js";

/** A page whose requests are answered by the test, and whose timers it fires. */
function openPage(text = "") {
  const page = { text, sent: [], stored: [], statuses: [], timers: new Map(), requests: [] };
  let lastTimer = 0;
  page.queue = createSaveQueue({
    read: () => page.text,
    send(sentText, keepalive) {
      page.sent.push(sentText);
      return new Promise((resolve, reject) => {
        page.requests.push({ text: sentText, keepalive, resolve, reject });
      });
    },
    async handle(reply, sentText) {
      if (reply.isSaved) page.stored.push(sentText);
      return { isStopped: false, ...reply };
    },
    onSaved: () => page.statuses.push("saved"),
    onUnreachable: () => page.statuses.push("unreachable"),
    setTimer(action, milliseconds) {
      lastTimer += 1;
      page.timers.set(lastTimer, { action, milliseconds });
      return lastTimer;
    },
    clearTimer: (timer) => page.timers.delete(timer),
  });
  return page;
}

async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

async function answer(page, reply = { isSaved: true }) {
  page.requests.shift().resolve(reply);
  await settle();
}

async function lose(page) {
  page.requests.shift().reject(new TypeError("network"));
  await settle();
}

function fireTimers(page) {
  const timers = [...page.timers.values()];
  page.timers.clear();
  for (const { action } of timers) action();
}

describe("the queue of texts to save", () => {
  it("sends nothing while nothing was typed", () => {
    const page = openPage("as loaded");
    assert.equal(page.queue.save(), null);
    assert.equal(page.queue.isChanged(), false);
    assert.deepEqual(page.sent, []);
  });

  it("says that all is saved once the portal has confirmed what the form holds", async () => {
    const page = openPage();
    page.text = "one";
    page.queue.save();
    assert.deepEqual(page.statuses, []);
    await answer(page);
    assert.deepEqual(page.statuses, ["saved"]);
    assert.equal(page.queue.isChanged(), false);
    assert.equal(page.queue.running, null);
  });

  it("has one request on its way, and sends what was typed meanwhile after it", async () => {
    const page = openPage();
    page.text = "one";
    page.queue.save();
    page.text = "one two";
    page.queue.save();
    page.text = "one two three";
    page.queue.save();
    assert.deepEqual(page.sent, ["one"]);
    await answer(page);
    assert.deepEqual(page.statuses, []);
    await answer(page);
    assert.deepEqual(page.stored, ["one", "one two three"]);
    assert.deepEqual(page.statuses, ["saved"]);
  });

  it("sends a text without an answer again before any later one", async () => {
    const page = openPage();
    page.text = "first";
    page.queue.save();
    await lose(page);
    page.text = "second";
    page.queue.save();
    assert.deepEqual(page.sent, ["first", "first"]);
    await answer(page);
    await answer(page);
    assert.deepEqual(page.stored, ["first", "second"]);
  });

  it("sends it again even when the form is back to what was confirmed", async () => {
    const page = openPage("as loaded");
    page.text = "typed";
    page.queue.save();
    await lose(page);
    page.text = "as loaded";
    page.queue.save();
    await answer(page);
    await answer(page);
    assert.deepEqual(page.stored, ["typed", "as loaded"]);
  });

  it("tries by itself after a lost answer, and counts it as not saved until then", async () => {
    const page = openPage();
    page.text = "offline";
    page.queue.save();
    await lose(page);
    assert.deepEqual(page.statuses, ["unreachable"]);
    assert.equal(page.queue.isChanged(), true);
    fireTimers(page);
    await answer(page);
    assert.deepEqual(page.statuses, ["unreachable", "saved"]);
  });

  it("treats an answer that cannot be read as none", async () => {
    const page = openPage();
    page.text = "typed";
    page.queue.save();
    await answer(page, Promise.reject(new SyntaxError("not JSON")));
    assert.deepEqual(page.statuses, ["unreachable"]);
    fireTimers(page);
    await answer(page);
    assert.deepEqual(page.stored, ["typed"]);
  });

  it("keeps a refused text as changed, and sends the next one", async () => {
    const page = openPage();
    page.text = "wrong";
    page.queue.save();
    await answer(page, { isSaved: false });
    assert.equal(page.queue.isChanged(), true);
    assert.deepEqual(page.statuses, []);
    page.text = "right";
    page.queue.save();
    await answer(page);
    assert.deepEqual(page.stored, ["right"]);
  });

  it("sends nothing more once the portal says that nothing can be stored", async () => {
    const page = openPage();
    page.text = "late";
    page.queue.save();
    await answer(page, { isSaved: false, isStopped: true });
    page.text = "later";
    page.queue.save();
    fireTimers(page);
    assert.deepEqual(page.sent, ["late"]);
    assert.equal(page.queue.isStopped, true);
    assert.equal(page.queue.isChanged(), true);
  });

  it("goes on where the merged form holds more than what is stored", async () => {
    const page = openPage();
    page.text = "mine";
    page.queue.save();
    page.text = "mine and theirs, and more of mine";
    await answer(page, { isSaved: true, confirmed: "" });
    assert.deepEqual(page.sent, ["mine", "mine and theirs, and more of mine"]);
  });

  it("takes the text that the portal understood for the one that is saved", async () => {
    const page = openPage();
    page.text = "54000,50";
    page.queue.save();
    page.text = "54,000.50";
    await answer(page, { isSaved: true, confirmed: "54,000.50" });
    assert.deepEqual(page.sent, ["54000,50"]);
    assert.deepEqual(page.statuses, ["saved"]);
  });

  it("waits for a pause in typing, one timer at a time", () => {
    const page = openPage();
    for (const text of ["a", "ab", "abc"]) {
      page.text = text;
      page.queue.saveSoon();
    }
    assert.deepEqual(page.sent, []);
    assert.equal(page.timers.size, 1);
    fireTimers(page);
    assert.deepEqual(page.sent, ["abc"]);
  });

  it("sends with keepalive while the page is left", () => {
    const page = openPage();
    page.text = "leaving";
    page.queue.save(true);
    assert.equal(page.requests[0].keepalive, true);
  });

  it("sends nothing beside the form itself", () => {
    const page = openPage();
    page.text = "submitted";
    page.queue.saveSoon();
    page.queue.cancel();
    page.queue.stop();
    fireTimers(page);
    page.queue.save();
    assert.deepEqual(page.sent, []);
  });
});
