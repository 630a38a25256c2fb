// Anthropic's messages to those of chat completions, in their order. Tool results come before the rest of the user
// message they stand in.

import { Source, note } from "../sdk/sdk.js";

/** The turns of a request, system text first. `text` is the request's own text. */
export function turns(request, text, options) {
  const system = systemText(request.system);
  const all = system ? [{ role: "system", content: system }] : [];
  const source = new Source(text);
  request.messages.forEach((message, at) => {
    if (message.role === "assistant") all.push(...assistant(message, at, source));
    else if (message.role === "system") all.push(...amid(message));
    else all.push(...user(message, options));
  });
  return all;
}

const blocksOf = (content) => (typeof content === "string" ? [{ type: "text", text: content }] : (content ?? []));

/** Without the attribution block, which changes with every request and so would spoil the provider's cache. */
function systemText(content) {
  const texts = blocksOf(content).map((block) => block.text ?? "");
  const kept = texts.filter((text) => text && !text.startsWith("x-anthropic-billing-header:"));
  if (kept.length < texts.length) note("drop", "system", "the attribution block changes with every request");
  return kept.join("\n\n");
}

/** A system message amid the conversation stays at its place. */
function amid(message) {
  const content = systemText(message.content);
  return content ? [{ role: "system", content }] : [];
}

/** Thinking goes back as `reasoning`; a turn that only calls tools has no content. */
function assistant({ content }, at, source) {
  const blocks = blocksOf(content);
  const joined = (type, member, between) =>
    blocks.filter((block) => block.type === type).map((block) => block[member] ?? "").join(between);
  const turn = { role: "assistant" };
  const said = joined("text", "text", "");
  if (said) turn.content = said;
  const reasoning = joined("thinking", "thinking", "\n");
  if (reasoning) turn.reasoning = reasoning;
  const calls = blocks.flatMap((block, position) => (block.type === "tool_use" ? [call(block, at, position, source)] : []));
  if (calls.length > 0) turn.tool_calls = calls;
  return said || calls.length > 0 ? [turn] : [];
}

/** The input goes as the text that the client sent: numbers keep all their digits. */
function call({ id, name, input }, message, position, source) {
  const given = input === undefined || input === null ? "{}" : source.get(["messages", message, "content", position, "input"]);
  return { id, type: "function", function: { name, arguments: given } };
}

function user({ content }, options) {
  const results = [];
  const images = [];
  const rest = [];
  for (const block of blocksOf(content)) {
    if (block.type === "tool_result") results.push(result(block, images, options));
    else rest.push(...part(block, options));
  }
  const parts = [...images, ...rest];
  return parts.length > 0 ? [...results, { role: "user", content: parts }] : results;
}

/** A tool message holds text only: its images come behind all of them. */
function result(block, images, options) {
  const texts = blocksOf(block.content).flatMap((inner) => part(inner, options)).map((piece) => {
    if (piece.type === "text") return piece.text;
    images.push(piece);
    return "[image below]";
  });
  const content = (block.is_error ? "Error: " : "") + texts.join("\n");
  return { role: "tool", tool_call_id: block.tool_use_id, content };
}

/** A block of user content, or none if it is empty text. */
function part(block, options) {
  if (block.type === "image" && options.images) return [{ type: "image_url", image_url: { url: address(block.source) } }];
  const text = block.type === "text" ? block.text : placeholder(block);
  return text ? [{ type: "text", text }] : [];
}

function address(from) {
  return from?.type === "url" ? from.url : `data:${from?.media_type};base64,${from?.data}`;
}

function placeholder(block) {
  if (block.type === "document" && block.source?.type === "text") return block.source.data;
  if (block.type === "tool_reference") return `The tool ${block.tool_name} can be called now.`;
  note("change", "messages", `a ${block.type} block became a placeholder`);
  return `[${block.type} omitted]`;
}
