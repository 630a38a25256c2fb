// What comes back: a whole completion to an Anthropic message, and what whole answers and streams have in common.

import { classify, log, read, upstream, usage } from "../sdk/sdk.js";

/** Anthropic's words for why the model stopped. `called`: the answer calls tools. */
export function stopReason(finish, called) {
  if (finish === "error" || finish === "network_error") throw upstream("upstream ended its answer with an error");
  if (finish === "length") return "max_tokens";
  if (finish === "content_filter") return "refusal";
  // `stop` although tools were called, or the reverse: the blocks decide.
  return called ? "tool_use" : "end_turn";
}

/** Counts for `usage`: Cerebras counts cached input within the prompt, Anthropic beside it. */
export function counts(tokens) {
  const cacheRead = tokens?.prompt_tokens_details?.cached_tokens ?? 0;
  const input = Math.max(0, (tokens?.prompt_tokens ?? 0) - cacheRead);
  const thinking = tokens?.completion_tokens_details?.reasoning_tokens ?? 0;
  return { input, output: tokens?.completion_tokens ?? 0, cacheRead, thinking };
}

const BY_WORDS = [
  [429, ["rate_limit_exceeded", "too_many_requests_error", "request_quota_exceeded", "token_quota_exceeded"]],
  [529, ["overloaded_error", "queue_exceeded"]],
  [400, ["invalid_request_error", "context_length_exceeded", "wrong_api_format"]],
];

/** The failure for an error that came with a 2xx. */
export function errorInside(text) {
  const said = read(text);
  const known = BY_WORDS.find(([, words]) => said.codes.some((code) => words.includes(code)));
  return classify(said.status ?? known?.[0] ?? 500, said);
}

/** The message of a whole completion: thinking first, then text, then calls. */
export function message(completion, { exchangeId, model, inputEstimate }) {
  if (completion.error) throw errorInside(JSON.stringify(completion));
  const { message: said, finish_reason: finish } = completion.choices?.[0] ?? {};
  if (!said) throw upstream("upstream answered without a message");
  const counted = completion.usage ? counts(completion.usage) : { input: inputEstimate };
  const content = [];
  if (said.reasoning) content.push({ type: "thinking", thinking: said.reasoning, signature: "" });
  if (said.content) content.push({ type: "text", text: said.content });
  const calls = (said.tool_calls ?? []).filter((call) => call.function?.name);
  calls.forEach((call, at) => {
    const id = call.id || `toolu_${exchangeId}${String(at).padStart(2, "0")}`;
    content.push({ type: "tool_use", id, name: call.function.name, input: input(call.function.arguments) });
  });
  return {
    id: `msg_${exchangeId}`, type: "message", role: "assistant", model, content,
    stop_reason: stopReason(finish, calls.length > 0), stop_sequence: null, usage: usage(counted),
  };
}

/** Arguments as an object; those that are none become `{}`. */
function input(text) {
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
  } catch {
    // Told below.
  }
  log("warn", "the upstream called a tool with arguments that are not a JSON object");
  return {};
}
