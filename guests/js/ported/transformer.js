// The plugin of guests/js/ccr as a transformer: what docs/porting-from-ccr.md arrives at.

import { Exchange, define, usage } from "../sdk/sdk.js";

class Cerebras extends Exchange {
  request(request) {
    const messages = [];
    if (request.system) messages.push({ role: "system", content: textOf(request.system) });
    for (const message of request.messages) messages.push(...converted(message));
    const body = {
      model: request.model,
      messages,
      stream: request.stream,
      stream_options: request.stream ? { include_usage: true } : undefined,
      max_completion_tokens: Math.min(request.max_tokens, this.options.max_tokens),
      tools: request.tools?.map(asFunction),
    };
    return { path: "/chat/completions", headers: { "x-source": "transom" }, body };
  }

  respond({ choices, usage: tokens }) {
    const [{ message, finish_reason: finish }] = choices;
    return {
      id: `msg_${this.context.exchangeId}`, type: "message", role: "assistant", model: this.context.model,
      content: [
        ...(message.content ? [{ type: "text", text: message.content }] : []),
        ...(message.tool_calls ?? []).map((call) => ({
          type: "tool_use", id: call.id, name: call.function.name, input: JSON.parse(call.function.arguments || "{}"),
        })),
      ],
      stop_reason: stopReason(finish), stop_sequence: null, usage: usage(counts(tokens)),
    };
  }

  event({ data }) {
    if (!data || data === "[DONE]") return;
    const { choices, usage: tokens } = JSON.parse(data);
    const { delta, finish_reason: finish } = choices?.[0] ?? {};
    this.events.text(delta?.content);
    for (const call of delta?.tool_calls ?? []) {
      if (call.function.name) this.events.tool(call.id, call.function.name);
      this.events.input(call.function.arguments);
    }
    this.finish = finish ?? this.finish;
    if (this.finish && tokens) this.events.end(stopReason(this.finish), counts(tokens));
  }
}

const textOf = (content) => (typeof content === "string" ? content : (content ?? []).map(({ text }) => text).join("\n"));

function converted({ role, content }) {
  const blocks = typeof content === "string" ? [{ type: "text", text: content }] : content;
  const of = (type) => blocks.filter((block) => block.type === type);
  const results = of("tool_result").map((result) => ({
    role: "tool", tool_call_id: result.tool_use_id, content: textOf(result.content),
  }));
  const calls = of("tool_use").map(({ id, name, input }) => ({
    id, type: "function", function: { name, arguments: JSON.stringify(input) },
  }));
  const said = textOf(of("text"));
  if (!said && calls.length === 0) return results;
  return [...results, { role, ...(said && { content: said }), ...(calls.length > 0 && { tool_calls: calls }) }];
}

const asFunction = ({ name, description, input_schema }) => ({
  type: "function",
  function: { name, description, parameters: input_schema },
});

const stopReason = (finish) => ({ tool_calls: "tool_use", length: "max_tokens" })[finish] ?? "end_turn";

const counts = (tokens) => ({ input: tokens?.prompt_tokens, output: tokens?.completion_tokens });

export const transformer = define({
  name: "my_cerebras",
  version: "0.1.0",
  options: { max_tokens: 8192 },
  exchange: Cerebras,
});
