// The stream: chunks of a chat completion to the events of an Anthropic message. Cerebras sends each call whole, or in
// pieces that are numbered.

import { log, truncated, upstream } from "../sdk/sdk.js";
import { counts, errorInside, stopReason } from "./answer.js";

export class Stream {
  #context;
  #events;
  #finish;
  #usage;
  /** Index of the call whose block is open. */
  #open;
  #called = false;

  constructor(context, events) {
    this.#context = context;
    this.#events = events;
  }

  /** The provider has said why it stopped; its token counts may still come. */
  get stopped() {
    return this.#finish !== undefined;
  }

  /** One frame. */
  frame({ event, data }) {
    const text = data?.trim();
    if (!text) return;
    if (text === "[DONE]") this.finish();
    else if (event === "error") throw errorInside(text);
    else this.#chunk(text);
  }

  /** Nothing more comes. An upstream that ends without saying that it has finished has failed. */
  finish() {
    if (this.#finish === undefined) throw truncated();
    this.#events.end(this.#finish, this.#usage ?? { input: this.#context.inputEstimate });
  }

  #chunk(text) {
    let chunk;
    try {
      chunk = JSON.parse(text);
    } catch {
      log("debug", "malformed chunk");
      throw upstream("upstream sent malformed JSON in its stream");
    }
    if (chunk.error) throw errorInside(text);
    if (chunk.usage) this.#usage = counts(chunk.usage);
    const choice = chunk.choices?.find(({ index }) => !index);
    if (choice) {
      this.#events.start();
      if (this.#finish === undefined) this.#delta(choice.delta ?? {});
      if (choice.finish_reason) this.#finish = stopReason(choice.finish_reason, this.#called);
    }
    if (this.#finish !== undefined && this.#usage) this.finish();
  }

  #delta({ reasoning, content, tool_calls: calls = [] }) {
    if (reasoning) this.#events.thinking(reasoning);
    if (content) this.#events.text(content);
    if (reasoning || content) this.#open = undefined;
    calls.forEach((call, position) => this.#call(call, call.index ?? position));
  }

  /** A call, or a piece of the one that is open. */
  #call({ id, function: { name, arguments: json } = {} }, index) {
    if (this.#open !== index) {
      if (!name) throw upstream("upstream sent a piece of a tool call that is over");
      this.#called = true;
      this.#open = index;
      this.#events.tool(id || `toolu_${this.#context.exchangeId}${String(index).padStart(2, "0")}`, name);
    }
    if (json) this.#events.input(json);
  }
}
