// Writes the events of an Anthropic stream. A malformed one cannot be written: blocks come one after another
// with indices 0, 1, 2, …, each is closed before the next, every tool block has a delta, and after the end
// nothing is written.

/** Usage of the Messages API from counts that may be missing. */
export function usage({ input = 0, output = 0, cacheRead = 0, cacheCreation = 0, thinking = 0 } = {}) {
  return {
    input_tokens: input,
    cache_creation_input_tokens: cacheCreation,
    cache_read_input_tokens: cacheRead,
    output_tokens: output,
    ...(thinking > 0 && { output_tokens_details: { thinking_tokens: thinking } }),
  };
}

/** A stream that is being written. The first call that writes begins the message. */
export class Events {
  #context;
  #out = "";
  #open = "";
  #index = 0;
  #filled = false;
  #said = false;
  #began = false;

  /** True after `end`. */
  ended = false;

  constructor(context) {
    this.#context = context;
  }

  /** Begins the message, if it has not begun. */
  start() {
    if (this.#began) return;
    this.#began = true;
    const { exchangeId, model, inputEstimate } = this.#context;
    const message = {
      id: `msg_${exchangeId}`, type: "message", role: "assistant", model, content: [],
      stop_reason: null, stop_sequence: null, usage: usage({ input: inputEstimate }),
    };
    this.#event("message_start", { message });
  }

  /** Text, in the open text block or a new one. */
  text(text) {
    if (!text || !this.#enter("text", { type: "text", text: "" })) return;
    this.#delta({ type: "text_delta", text });
  }

  /** Thinking, in the open thinking block or a new one. */
  thinking(thinking) {
    if (!thinking || !this.#enter("thinking", { type: "thinking", thinking: "", signature: "" })) return;
    this.#delta({ type: "thinking_delta", thinking });
  }

  /** Opens a tool block; its input follows by `input`. */
  tool(id, name) {
    this.close();
    this.#enter("tool", { type: "tool_use", id, name, input: {} });
  }

  /** A piece of the open tool block's input, as JSON text. */
  input(json) {
    if (this.#open !== "tool") return;
    this.#filled = true;
    this.#delta({ type: "input_json_delta", partial_json: json });
  }

  /** Closes the open block. */
  close() {
    if (!this.#open) return;
    if (this.#open === "tool" && !this.#filled) this.input("");
    this.#event("content_block_stop", { index: this.#index });
    this.#open = "";
    this.#index += 1;
  }

  /** Ends the message. `counts` as `usage` takes them. */
  end(stopReason, counts) {
    if (this.ended) return;
    this.start();
    this.close();
    const delta = { stop_reason: stopReason, stop_sequence: null };
    this.#event("message_delta", { delta, usage: usage(counts) });
    this.#event("message_stop", {});
    this.#said = true;
    this.ended = true;
  }

  /** Takes what was written since the last call. Before a failure: nothing, if nothing was said so far. */
  take(failed = false) {
    if (failed && !this.#said) this.#out = "";
    const out = this.#out;
    this.#out = "";
    // A beginning that was taken has reached the client.
    this.#said ||= out !== "";
    return out;
  }

  #enter(kind, content_block) {
    if (this.ended) return false;
    this.start();
    if (this.#open === kind && kind !== "tool") return true;
    this.close();
    this.#event("content_block_start", { index: this.#index, content_block });
    this.#open = kind;
    this.#filled = false;
    this.#said = true;
    return true;
  }

  #delta(delta) {
    this.#event("content_block_delta", { index: this.#index, delta });
  }

  #event(name, data) {
    this.#out += `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
  }
}
