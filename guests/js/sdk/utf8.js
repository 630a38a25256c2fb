// UTF-8, which QuickJS has no TextDecoder and TextEncoder for. Knows nothing of JSON and streams.

const CHUNK = 4096;
const REPLACEMENT = 0xfffd;

/** The text of bytes. What is not UTF-8 becomes U+FFFD, as a TextDecoder does it. */
export function decode(bytes) {
  let text = "";
  let at = 0;
  while (at < bytes.length) {
    let end = at;
    const most = Math.min(bytes.length, at + CHUNK);
    while (end < most && bytes[end] < 0x80) end += 1;
    if (end > at) {
      text += String.fromCharCode.apply(null, bytes.subarray(at, end));
      at = end;
      continue;
    }
    const [code, length] = character(bytes, at);
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
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    let code = text.charCodeAt(at);
    if (code < 0x80) {
      bytes[length++] = code;
      continue;
    }
    if (code >= 0xd800 && code <= 0xdfff) {
      const pair = text.codePointAt(at);
      if (pair > 0xffff) at += 1;
      code = pair > 0xffff ? pair : REPLACEMENT;
    }
    if (code < 0x800) {
      bytes[length++] = 0xc0 | (code >> 6);
    } else {
      if (code < 0x10000) {
        bytes[length++] = 0xe0 | (code >> 12);
      } else {
        bytes[length++] = 0xf0 | (code >> 18);
        bytes[length++] = 0x80 | ((code >> 12) & 0x3f);
      }
      bytes[length++] = 0x80 | ((code >> 6) & 0x3f);
    }
    bytes[length++] = 0x80 | (code & 0x3f);
  }
  return bytes.slice(0, length);
}
