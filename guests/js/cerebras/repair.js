// The order that strict servers insist on: each tool call is answered directly behind it, no result stands alone,
// users do not speak twice in a row.

import { note } from "../sdk/sdk.js";

/** Repairs a conversation and writes user content in its shortest form. */
export function repaired(turns) {
  const all = [];
  for (let at = 0; at < turns.length; at += 1) {
    const turn = turns[at];
    if (!turn.tool_calls) {
      add(all, turn);
      continue;
    }
    const behind = [];
    while (turns[at + 1] && turns[at + 1].role !== "assistant") behind.push(turns[(at += 1)]);
    all.push(turn, ...turn.tool_calls.map((call) => resultOf(call, behind)));
    for (const other of behind) add(all, other);
  }
  const spoken = all.filter(({ role }) => role !== "system");
  if (spoken.length === 0 || spoken.at(-1).role === "assistant") {
    note("add", "messages", "the conversation must end with the user");
    all.push({ role: "user", content: [{ type: "text", text: "Continue." }] });
  }
  return all.map(shortest);
}

/** Takes the result of a call out of what follows it. */
function resultOf({ id }, behind) {
  const at = behind.findIndex((turn) => turn.role === "tool" && turn.tool_call_id === id);
  if (at >= 0) return behind.splice(at, 1)[0];
  note("add", "messages", "a tool call without a result got one");
  return { role: "tool", tool_call_id: id, content: "[no result]" };
}

function add(all, turn) {
  if (turn.role === "tool") {
    note("change", "messages", "a result without its call became user text");
    const text = `[result of an earlier tool call]\n${turn.content}`;
    turn = { role: "user", content: [{ type: "text", text }] };
  }
  const last = all.at(-1);
  if (turn.role === "user" && last?.role === "user") last.content.push(...turn.content);
  else all.push(turn);
}

/** A plain string when there is only text. */
function shortest(turn) {
  if (turn.role !== "user" || turn.content.some(({ type }) => type !== "text")) return turn;
  return { role: "user", content: turn.content.map(({ text }) => text).join("\n") };
}
