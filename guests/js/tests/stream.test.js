// Events, options and errors of the SDK.

import assert from "node:assert/strict";
import { test } from "node:test";

import { classify, read } from "../sdk/errors.js";
import { Events } from "../sdk/events.js";
import { parse } from "../sdk/options.js";
import { frames } from "../sdk/sse.js";

const context = { exchangeId: "0123", model: "m", inputEstimate: 7 };
const names = (events) => [...frames(events.take())].map(({ event }) => event);

test("blocks are closed before the next one opens, and nothing follows the end", () => {
  const events = new Events(context);
  events.text("a");
  events.tool("t", "n");
  events.text("b");
  events.end("tool_use", { input: 1 });
  events.text("late");
  events.end("end_turn");
  const block = ["content_block_start", "content_block_delta", "content_block_stop"];
  assert.deepEqual(names(events), ["message_start", ...block, ...block, ...block, "message_delta", "message_stop"]);
});

test("two calls in a row are two blocks", () => {
  const events = new Events(context);
  events.tool("1", "n");
  events.tool("2", "n");
  events.close();
  assert.equal(names(events).filter((name) => name === "content_block_start").length, 2);
});

test("a failure before anything was said does not begin the message", () => {
  const failed = new Events(context);
  failed.start();
  assert.equal(failed.take(true), "");
  const said = new Events(context);
  said.text("a");
  assert.notEqual(said.take(true), "");
});

test("every wrong option is told with its remedy", () => {
  const told = (given) => {
    try {
      return parse({ max_tokens: 7, images: true }, given);
    } catch (problems) {
      return problems;
    }
  };
  assert.deepEqual(told({ images: false }), { max_tokens: 7, images: false });
  assert.deepEqual(told({ max_token: 1, images: "no", zzz: {} }), [
    "options.max_token: no such option; did you mean `max_tokens`?",
    'options.images: "no" does not fit: write a boolean, such as true',
    "options.zzz: no such option; remove it or use one of: max_tokens, images",
  ]);
});

test("an overflow is told in the words that make Claude Code compact", () => {
  const told = (message) => classify(400, read(JSON.stringify({ error: { message } }))).message;
  assert.match(
    told("Please reduce the length of the messages. Current length is 42328 while limit is 40000"),
    /^prompt is too long: 42328 tokens > 40000 maximum\. Please reduce/,
  );
  assert.match(
    told("This model's maximum context length is 128000 tokens. However, you requested 130000 tokens (100000 in the messages, 30000 in the completion)."),
    /^input length and `max_tokens` exceed context limit: 100000 \+ 30000 > 128000,/,
  );
  assert.equal(told("property 'x' is unsupported"), "property 'x' is unsupported");
});
