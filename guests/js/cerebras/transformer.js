// The transformer `cerebras` in JavaScript: Anthropic's messages to chat completions and back, for Cerebras, version 2
// of its API. It passes the fixtures of its twin in Rust.

import { Exchange, define, header, wait } from "../sdk/sdk.js";
import { message } from "./answer.js";
import { convert } from "./request.js";
import { Stream } from "./stream.js";

/** How long to wait for token counts after the provider has said why it stopped. */
const USAGE_GRACE_MS = 2000;

/** Headers that mean something to Anthropic only. */
const ANTHROPIC_HEADERS = ["anthropic-beta", "anthropic-dangerous-direct-browser-access", "anthropic-version", "x-app"];

/** Headers that tell when a limit is renewed: the one with what remains, the one with the seconds to wait. */
const RESETS = [
  ["x-ratelimit-remaining-requests-day", "x-ratelimit-reset-requests-day"],
  ["x-ratelimit-remaining-tokens-minute", "x-ratelimit-reset-tokens-minute"],
];

class Cerebras extends Exchange {
  stream = new Stream(this.context, this.events);

  request(request, text) {
    const converted = convert(request, text, this.context, this.options);
    if (converted.answer) return converted;
    return {
      path: this.options.path,
      headers: Object.fromEntries(ANTHROPIC_HEADERS.map((name) => [name, null])),
      body: converted.body,
    };
  }

  respond(completion) {
    return message(completion, this.context);
  }

  event(frame) {
    this.stream.frame(frame);
  }

  pause() {
    return this.stream.stopped ? USAGE_GRACE_MS : undefined;
  }

  silence() {
    this.stream.finish();
  }

  end() {
    this.stream.finish();
  }

  explain(said, head, text) {
    const failure = super.explain(said, head, text);
    if ([429, 529].includes(failure.status)) failure.retryAfterMs ??= renewedAfterMs(said, head);
    return failure;
  }
}

/** When a used-up limit is renewed. */
function renewedAfterMs(said, head) {
  const waits = RESETS.filter(([remaining]) => {
    const usedUp = header(head.headers, remaining)?.trim() === "0";
    const meant = said.codes.includes("token_quota_exceeded") && remaining.includes("token");
    return usedUp || meant;
  }).map(([, reset]) => wait(header(head.headers, reset), 1000));
  return waits.filter((ms) => ms !== null).sort((a, b) => b - a)[0] ?? null;
}

export const transformer = define({
  name: "cerebras",
  version: "0.1.0",
  options: {
    path: "/chat/completions",
    // The limit is reserved from the quota of a minute; 16384 is what Cerebras itself assumes.
    max_out_clamp: 16384,
    images: true,
  },
  exchange: Cerebras,
});
