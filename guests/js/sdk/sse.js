// Server-Sent Events and JSON lines, read from whole frames: the host has cut them, and nothing is kept between two
// pushes.

/**
 * The frames of a text: `{ event, data, raw, whole }`. `data` is undefined in a comment; `whole` is false if the
 * blank line at the end is missing, which only the last frame of an answer may lack. A byte order mark at the beginning of
 * the stream was taken off by the host.
 */
export function* frames(text) {
  let at = 0;
  while (at < text.length) {
    const begin = at;
    let [event, data, whole] = ["", undefined, false];
    while (at < text.length) {
      const [line, next] = cut(text, at);
      at = next;
      if (line === "") {
        whole = true;
        break;
      }
      const [name, value] = field(line);
      if (name === "data") data = data === undefined ? value : `${data}\n${value}`;
      else if (name === "event") event = value;
    }
    yield { event, data, raw: text.slice(begin, at), whole };
  }
}

/** The line at `at` without its end, and where the next one begins. */
function cut(text, at) {
  const feed = text.indexOf("\n", at);
  const end = feed < 0 ? text.length : feed;
  const line = text.slice(at, end);
  const back = line.indexOf("\r");
  if (back < 0) return [line, end + 1];
  const crlf = back === line.length - 1 && feed >= 0;
  return [line.slice(0, back), at + back + (crlf ? 2 : 1)];
}

/** Name and value of a line: one space after the colon is not part of the value. */
function field(line) {
  const colon = line.indexOf(":");
  if (colon < 0) return [line, ""];
  const value = line.slice(colon + 1);
  return [line.slice(0, colon), value.startsWith(" ") ? value.slice(1) : value];
}

/** The lines of a push of JSON lines, in the same shape: each is a frame. */
export function* lines(text) {
  for (let at = 0; at < text.length; ) {
    const [line, next] = cut(text, at);
    yield { event: "", data: line.trim() || undefined, raw: text.slice(at, next), whole: next <= text.length };
    at = next;
  }
}
