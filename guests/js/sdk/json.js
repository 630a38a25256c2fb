// JSON beside what JSON.parse does: the text of a value as it came. Numbers beyond 2^53 and the order of
// members survive in it, so what only passes through a transformer need not change.

const STRING = /"(?:[^"\\]|\\.)*"/sy;
const PLAIN = /[^\s,:{}[\]"]+/y;
const STOP = /["{}[\]]/g;

/** The text of the value at a path, such as `["messages", 1, "content"]`, in the text of a body. None: undefined. */
export function source(text, path) {
  let at = space(text, 0);
  for (const step of path) {
    const found = text[at] === "{" ? member(text, at, step) : item(text, at, step);
    if (found === undefined) return undefined;
    at = found;
  }
  return text.slice(at, skip(text, at));
}

/** Where the member `name` of the object at `at` begins. Of several the last one counts, as for JSON.parse. */
function member(text, at, name) {
  let found;
  at = space(text, at + 1);
  while (at < text.length && text[at] === '"') {
    const end = skip(text, at);
    const matches = JSON.parse(text.slice(at, end)) === name;
    at = space(text, space(text, end) + 1);
    if (matches) found = at;
    at = next(text, skip(text, at));
  }
  return found;
}

/** Where the item number `index` of the list at `at` begins. */
function item(text, at, index) {
  if (text[at] !== "[") return undefined;
  at = space(text, at + 1);
  for (let n = 0; at < text.length && text[at] !== "]"; n += 1) {
    if (n === index) return at;
    at = next(text, skip(text, at));
  }
  return undefined;
}

/** Behind the comma, or at what closes. */
function next(text, at) {
  at = space(text, at);
  return text[at] === "," ? space(text, at + 1) : at;
}

function space(text, at) {
  while (at < text.length && " \n\r\t".includes(text[at])) at += 1;
  return at;
}

/** The end of the value that begins at `at`. */
function skip(text, at) {
  if (text[at] === '"') return match(STRING, text, at);
  if (text[at] !== "{" && text[at] !== "[") return match(PLAIN, text, at);
  let depth = 0;
  do {
    STOP.lastIndex = at;
    const found = STOP.exec(text);
    if (found === null) return text.length;
    at = found.index;
    if (found[0] === '"') {
      at = match(STRING, text, at);
      continue;
    }
    depth += found[0] === "{" || found[0] === "[" ? 1 : -1;
    at += 1;
  } while (depth > 0);
  return at;
}

function match(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : text.length;
}
