// UTF-8, which QuickJS has no TextDecoder and TextEncoder for. Base64 is the way over which it turns bytes into text and
// back without a step of JavaScript for each of them. Knows nothing of JSON and streams.

/** Pieces are of this many bytes or characters: what is not ASCII takes the long way in its piece only. */
const PIECE = 8192;
const REPLACEMENT = 0xfffd;

/** The text of bytes. What is not UTF-8 becomes U+FFFD, as a TextDecoder does it. */
export function decode(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    let end = Math.min(bytes.length, at + PIECE);
    if (end < bytes.length) end = beginning(bytes, end);
    text += piece(bytes.slice(at, end));
    at = end;
  }
  return text;
}

/** Where the character that `at` may be amid begins. */
function beginning(bytes, at) {
  for (let back = 0; back < 4; back += 1) if ((bytes[at - back] & 0xc0) !== 0x80) return at - back;
  return at;
}

function piece(bytes) {
  const latin = atob(bytes.toBase64());
  if (isAscii(bytes)) return latin;
  try {
    return decodeURIComponent(escape(latin));
  } catch {
    return malformed(bytes);
  }
}

/** Four bytes at a time; `bytes` begin where their buffer does. */
function isAscii(bytes) {
  const whole = bytes.length >> 2;
  let bits = 0;
  for (const word of new Int32Array(bytes.buffer, bytes.byteOffset, whole)) bits |= word;
  for (let at = whole * 4; at < bytes.length; at += 1) bits |= bytes[at];
  return (bits & 0x80808080) === 0;
}

function malformed(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const [code, length] = bytes[at] < 0x80 ? [bytes[at], 1] : character(bytes, at);
    text += String.fromCodePoint(code);
    at += length;
  }
  return text;
}

/** The character at `at`, which is not ASCII, and how many bytes it takes. */
function character(bytes, at) {
  const first = bytes[at];
  let [more, code, least] = [0, 0, 0];
  if (first >= 0xc2 && first <= 0xdf) [more, code, least] = [1, first & 0x1f, 0x80];
  else if (first >= 0xe0 && first <= 0xef) [more, code, least] = [2, first & 0x0f, 0x800];
  else if (first >= 0xf0 && first <= 0xf4) [more, code, least] = [3, first & 0x07, 0x10000];
  else return [REPLACEMENT, 1];
  for (let n = 1; n <= more; n += 1) {
    const next = bytes[at + n];
    const smallest = least >> (6 * (more - n));
    const shifted = (code << 6) | (next & 0x3f);
    const fits = next >= 0x80 && next <= 0xbf && shifted >= smallest && !forbidden(shifted, more - n);
    if (!fits) return [REPLACEMENT, n];
    code = shifted;
  }
  return [code, more + 1];
}

/** What cannot begin a character with `more` bytes to come: surrogates, and what is above U+10FFFF. */
function forbidden(code, more) {
  const low = code << (6 * more);
  const high = low + (1 << (6 * more)) - 1;
  return (low >= 0xd800 && high <= 0xdfff) || low > 0x10ffff;
}

/** The bytes of a text. Half a surrogate pair becomes U+FFFD. */
export function encode(text) {
  const pieces = [];
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + PIECE);
    // A pair stays together.
    if (end < text.length && text.codePointAt(end - 1) > 0xffff) end += 1;
    pieces.push(encoded(text.slice(at, end)));
    at = end;
  }
  return pieces.length === 1 ? pieces[0] : joined(pieces);
}

function encoded(text) {
  try {
    const bytes = Uint8Array.fromBase64(btoa(text));
    if (isAscii(bytes)) return bytes;
  } catch {
    // There are characters beyond U+00FF.
  }
  return Uint8Array.fromBase64(btoa(unescape(encodeURIComponent(text.toWellFormed()))));
}

function joined(pieces) {
  const bytes = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
