// How hard the model is to think: Anthropic's `thinking` and `output_config.effort` in the words of each model.

const LADDER = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/** What models take, by the beginnings of their names. */
const MODELS = [
  ["gpt-oss", { set: ["low", "medium", "high"] }],
  ["qwen", { set: ["none", "low", "medium", "high"], members: { reasoning_format: "parsed" } }],
  // Thinking can only be switched off there: every other effort is the default.
  ["glm", { set: ["none"], keepThinking: true }],
  ["zai-glm", { set: ["none"], keepThinking: true }],
  ["llama", { set: [] }],
];

/** What the model takes. */
export function efforts(model) {
  const name = model.split("/").pop().toLowerCase();
  const known = MODELS.find(([start]) => name.startsWith(start));
  return known?.[1] ?? { set: ["low", "medium", "high"] };
}

/** The members that ask for thinking. */
export function effort(request, { set, members = {} }) {
  const nearest = clamp(wanted(request), set);
  return { ...(nearest && { reasoning_effort: nearest }), ...members };
}

function wanted({ thinking, output_config: config }) {
  if (thinking?.type === "disabled") return "none";
  if (config?.effort) return config.effort;
  const budget = thinking?.budget_tokens;
  if (budget === undefined) return undefined;
  return budget < 2000 ? "minimal" : budget < 5000 ? "low" : budget < 10_000 ? "medium" : "high";
}

/** The same, else the next lower, else the lowest. `none` is the nearest one only to itself. */
function clamp(effort, set) {
  const rank = (step) => LADDER.indexOf(step);
  if (effort === undefined || rank(effort) < 0) return undefined;
  const fitting = set.filter((step) => effort === "none" || step !== "none").sort((a, b) => rank(a) - rank(b));
  return fitting.filter((step) => rank(step) <= rank(effort)).pop() ?? fitting[0];
}
