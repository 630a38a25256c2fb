// JSON beside what JSON.parse does: the text of a value as it came. Numbers beyond 2^53 and the order of
// members survive in it, so what only passes through a transformer need not change.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The text of a body, in which the texts of values are found. Each list and object is looked through once. */
export class Source {
  #text;
  /** Where the children of the list or object at a place begin and end, by name or number. */
  #children = new Map();

  constructor(text) {
    this.#text = text;
  }

  /** The text of the value at a path, such as `["messages", 1, "content"]`. None: undefined. */
  get(path) {
    let span = { begin: space(this.#text, 0) };
    for (const step of path) {
      span = this.#within(span.begin).get(step);
      if (span === undefined) return undefined;
    }
    return this.#text.slice(span.begin, span.end ?? skip(this.#text, span.begin));
  }

  #within(begin) {
    const known = this.#children.get(begin) ?? children(this.#text, begin);
    this.#children.set(begin, known);
    return known;
  }
}

/** Of several members of one name the last counts, as for JSON.parse. */
function children(text, at) {
  const found = new Map();
  const kind = text[at];
  if (kind !== "{" && kind !== "[") return found;
  at = space(text, at + 1);
  while (at < text.length && text[at] !== "}" && text[at] !== "]") {
    let name = found.size;
    if (kind === "{") {
      const end = skip(text, at);
      name = JSON.parse(text.slice(at, end));
      at = space(text, space(text, end) + 1);
    }
    const end = skip(text, at);
    found.set(name, { begin: at, end });
    at = space(text, end);
    if (text[at] === ",") at = space(text, at + 1);
  }
  return found;
}

function space(text, at) {
  while (" \n\r\t".includes(text[at] ?? "x")) at += 1;
  return at;
}

/** The end of the value that begins at `at`. */
function skip(text, at) {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return string(text, at);
  let depth = 0;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = string(text, at) - 1;
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
    } else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
      if (depth <= 0) return depth === 0 ? at + 1 : at;
    } else if (depth === 0 && (code === 0x2c || code <= 0x20)) {
      // A number or a word ends here.
      return at;
    }
  }
  return at;
}

/** The end of the string that begins at `at`: the next quote with an even number of backslashes before it. */
function string(text, at) {
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let before = at;
    while (text.charCodeAt(before - 1) === BACKSLASH) before -= 1;
    if ((at - before) % 2 === 0) return at + 1;
  }
}
