// The plugin that docs/porting-from-ccr.md begins with works as one: it is asked as claude-code-router asks.

import assert from "node:assert/strict";
import { test } from "node:test";

import Plugin from "../ccr/cerebras-transformer.cjs";

test("its request is what Cerebras gets", async () => {
  const request = { model: "m", max_tokens: 32000, system: "Be brief.", messages: [{ role: "user", content: "hi" }] };
  const { body, config } = await new Plugin({ max_tokens: 4000 }).transformRequestIn(request, { baseUrl: "https://c" });
  assert.equal(config.url, "https://c/chat/completions");
  assert.equal(body.max_completion_tokens, 4000);
  assert.deepEqual(body.messages, [{ role: "system", content: "Be brief." }, { role: "user", content: "hi" }]);
});

test("a stream becomes events", async () => {
  const chunks = [
    { choices: [{ delta: { content: "Hi" } }] },
    { choices: [{ delta: {}, finish_reason: "stop" }], usage: { completion_tokens: 1 } },
  ];
  const sent = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("");
  const response = await new Plugin().transformResponseOut(new Response(`${sent}data: [DONE]\n\n`));
  assert.match(await response.text(), /message_start[^]*"text":"Hi"[^]*message_stop/);
});
