// What upstreams say when something is wrong, in whichever shape, and the failure it means. Their own words stay.

import { Failure, fromStatus, invalid } from "./failure.js";

/**
 * Reads an error body: `{"error": {…}}`, a flat object, FastAPI's `detail`, a list with one error. Gives
 * `{ message, codes, status }`; pages and other text are not for the client, so their message is empty.
 */
export function read(text) {
  const said = { message: "", codes: [], status: undefined };
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return said;
  }
  if (Array.isArray(body)) body = body[0];
  members(body, said);
  if (typeof body?.error === "string") said.message = body.error;
  else members(body?.error, said);
  if (!said.message) said.message = complaints(body?.detail);
  return said;
}

function members(object, said) {
  if (object === null || typeof object !== "object") return;
  if (typeof object.message === "string") said.message = object.message;
  for (const name of ["type", "code", "status", "status_code", "error_type"]) {
    if (object[name] === undefined) continue;
    const code = String(object[name]);
    if (/^[45]\d\d$/.test(code)) said.status = Number(code);
    said.codes.push(code);
  }
}

/** FastAPI's list: `messages.0.role: Input should be 'user' or 'assistant'`. */
function complaints(detail) {
  if (typeof detail === "string") return detail;
  if (!Array.isArray(detail)) return "";
  const path = (loc) => (loc ?? []).filter((step) => step !== "body").join(".");
  return detail.map(({ loc, msg }) => `${path(loc)}: ${msg}`).join("; ");
}

/** The failure for what an upstream said with this status. */
export function classify(status, said) {
  const overflow = overflowing(status, said);
  if (overflow) return invalid(overflow);
  const message = said.message || `upstream answered with status ${status} and no explanation`;
  const billed = status === 402 || has(said, "insufficient_quota", "billing_hard_limit_reached");
  return fromStatus(status, message, { shouldRetry: billed ? false : null });
}

/** Whether one of these codes is said. */
export function has(said, ...codes) {
  return said.codes.some((code) => codes.includes(code));
}

const OVERFLOWS = [
  "context_length_exceeded", "exceed_context_size_error", "max_tokens_exceeded", "string_too_long",
  "token_limit_exceeded",
];
const PHRASES =
  /context_length_exceeded|exceeds the available context size|input is too long|longer than the model's context length|maximum context length|prompt is too long|reduce the length|exceed context limit/;

/** Context overflow in the words that make Claude Code compact, then what the upstream said. None: undefined. */
function overflowing(status, said) {
  const lower = said.message.toLowerCase();
  const is = PHRASES.test(lower) || has(said, ...OVERFLOWS);
  if (![400, 413, 422, 500].includes(status) || !is) return undefined;
  if (/^(prompt is too long:|input length and)/.test(lower)) return said.message;
  const limit = number(lower, /(?:limit is|maximum context length is|context length of) (\d+)/);
  const output = number(lower, /(\d+)(?: tokens)? (?:in the completion|output tokens|for the completion)/);
  const input =
    number(lower, /(\d+)(?: tokens)? (?:in the messages|input tokens|in the prompt|tokens from the input)/) ??
    number(lower, /(?:current length is|resulted in|requested) (\d+)/);
  let words = "prompt is too long";
  if (input > limit) words += `: ${input} tokens > ${limit} maximum`;
  else if (input + output > limit)
    words = `input length and \`max_tokens\` exceed context limit: ${input} + ${output} > ${limit}, decrease input length or \`max_tokens\` and try again`;
  return `${words}. ${said.message}`;
}

function number(text, pattern) {
  const found = pattern.exec(text);
  return found ? Number(found[1]) : undefined;
}

export { Failure };
