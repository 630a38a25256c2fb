// The request: Anthropic's messages to chat completions. Only members that Cerebras documents go out, since it
// refuses others.

import { invalid, note } from "../sdk/sdk.js";
import { efforts, effort } from "./effort.js";
import { message as answer } from "./answer.js";
import { repaired } from "./repair.js";
import { turns } from "./turns.js";

const FOREIGN = [
  "metadata", "safeguards", "context_management", "cache_control", "service_tier", "container", "mcp_servers",
  "tags", "speed", "inference_geo", "diagnostics", "fallbacks",
];

/** `{ body }` for the provider, or `{ answer }` where it need not be asked. */
export function convert(request, text, context, options) {
  const { messages, tools = [] } = request;
  if (!Array.isArray(messages) || messages.length === 0) throw invalid("messages: at least one message is required");
  if (request.max_tokens === 0) return { answer: said("", "length", context) };
  if (tools.length > 0 && tools.every(({ type }) => type?.startsWith("web_search_"))) {
    note("drop", "tools", "the provider has no web search");
    return { answer: said("Web search is not available through this provider.", "stop", context) };
  }
  for (const name of FOREIGN) if (request[name] !== undefined) note("drop", name, "not for a foreign provider");
  const functions = asFunctions(tools);
  const conversation = repaired(turns(request, text, options));
  const known = efforts(request.model);
  const called = conversation.some(({ role }) => role === "tool");
  const body = {
    model: request.model,
    messages: conversation,
    ...(functions.length > 0 && { tools: functions, ...choice(request, functions) }),
    max_completion_tokens: limit(request, context, options),
    temperature: request.temperature,
    top_p: request.top_p,
    stop: request.stop_sequences?.slice(0, 4),
    ...effort(request, known),
    // What GLM thought before its calls stays in the prompt.
    ...(known.keepThinking && called && { clear_thinking: false }),
    response_format: format(request, functions),
    prompt_cache_key: cacheKey(request),
    ...(request.stream && { stream: true, stream_options: { include_usage: true } }),
  };
  return { body };
}

/** An answer of our own. */
function said(content, finish_reason, context) {
  const usage = { prompt_tokens: context.inputEstimate };
  return answer({ choices: [{ message: { content }, finish_reason }], usage }, context);
}

/** The tools of the client; those that Anthropic would run itself go. */
function asFunctions(tools) {
  const own = tools.filter(({ type }) => !type || type === "custom");
  if (own.length < tools.length) note("drop", "tools", "the provider runs no tools of Anthropic's");
  return own.map(({ name, description, input_schema }) => {
    const { $schema, ...parameters } = input_schema ?? { type: "object", properties: {} };
    return { type: "function", function: { name, description, parameters } };
  });
}

function choice({ tool_choice: wanted }, functions) {
  if (!wanted) return {};
  const known = functions.some(({ function: { name } }) => name === wanted.name);
  const words = { any: "required", none: "none" };
  const tool_choice =
    wanted.type === "tool" && known
      ? { type: "function", function: { name: wanted.name } }
      : (words[wanted.type] ?? "auto");
  return { tool_choice, ...(wanted.disable_parallel_tool_use && { parallel_tool_calls: false }) };
}

/** The smallest of what the client wants, the options allow and the model can. */
function limit({ max_tokens: wanted }, context, options) {
  const known = context.limits.find(([name]) => name === "max-output")?.[1];
  const most = Math.min(...[options.max_out_clamp, Number(known ?? 0)].filter((most) => most > 0));
  if (!(wanted > most)) return wanted;
  note("change", "max_tokens", `${most} is the most to ask for`);
  return most;
}

function format({ output_config: config }, functions) {
  if (config?.format?.type !== "json_schema") return undefined;
  if (functions.length > 0) {
    note("drop", "output_config.format", "the provider does not take it with tools");
    return undefined;
  }
  return { type: "json_schema", json_schema: { name: "output", schema: config.format.schema, strict: true } };
}

/** A hash of the client's session, which both forms of `metadata.user_id` end with. */
function cacheKey({ metadata }) {
  const user = metadata?.user_id;
  if (typeof user !== "string") return undefined;
  let session = user.split("_session_")[1];
  try {
    session = JSON.parse(user).session_id ?? session;
  } catch {
    // The older form is no JSON.
  }
  return session === undefined ? undefined : fnv1a(session);
}

/** FNV-1a of ASCII text, as 16 hex digits. */
function fnv1a(text) {
  let hash = 0xcbf29ce484222325n;
  for (const c of text) hash = BigInt.asUintN(64, (hash ^ BigInt(c.charCodeAt(0))) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}
