// What scripts expect to be around them and QuickJS has not, or not as a transformer needs it.

/** `console` writes to transom's log. */
export function console(log) {
  const write = (level) => (...parts) => log(level, parts.map(shown).join(" "));
  globalThis.console = {
    debug: write("debug"), log: write("info"), info: write("info"), warn: write("warn"), error: write("error"),
  };
}

function shown(value) {
  if (typeof value === "string" || value instanceof Error) return String(value);
  return JSON.stringify(value) ?? String(value);
}

/** Numbers that follow from the exchange: others in each, the same in a replay. Else they were fixed at the build. */
export function seed(exchangeId) {
  let state = 0;
  for (const c of exchangeId) state = (Math.imul(state, 31) + c.charCodeAt(0)) | 0;
  Math.random = () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
