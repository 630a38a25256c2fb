// UTF-8, JSON and Server-Sent Events of the SDK, against what node has.

import assert from "node:assert/strict";
import { test } from "node:test";

import "./base64.js";
import { Source } from "../sdk/json.js";
import { frames, lines } from "../sdk/sse.js";
import { decode, encode } from "../sdk/utf8.js";

/** Numbers that are the same in each run. */
function* numbers(state = 1) {
  while (true) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state >>> 8;
  }
}

test("bytes become the text that a TextDecoder makes of them, malformed ones too", () => {
  const telling = [0x41, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xa0, 0xf4, 0x90, 0xc0, 0xe0, 0xff];
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const random = numbers();
  for (let run = 0; run < 20_000; run += 1) {
    // Some are longer than the pieces in which they are looked at.
    const length = (random.next().value % 12) + (run % 100 === 0 ? 8180 : 0);
    const bytes = Uint8Array.from({ length }, () => telling[random.next().value % telling.length]);
    assert.equal(decode(bytes), decoder.decode(bytes), Buffer.from(bytes).toString("hex"));
  }
  const long = "Grüße, 世界 😀 ".repeat(5000);
  assert.equal(decode(new TextEncoder().encode(long)), long);
  assert.equal(decode(encode("x".repeat(100_000))).length, 100_000);
});

test("text becomes the bytes that a TextEncoder makes of it, half surrogates too", () => {
  const telling = [0x41, 0xe9, 0x20ac, 0xd83d, 0xde00, 0xffff];
  const random = numbers();
  for (let run = 0; run < 20_000; run += 1) {
    const length = 8 + (run % 100 === 0 ? 8180 : 0);
    const codes = Array.from({ length }, () => telling[random.next().value % telling.length]);
    const text = String.fromCharCode(...codes);
    assert.ok(Buffer.from(encode(text)).equals(new TextEncoder().encode(text)));
  }
});

test("the text of a value is found as it came", () => {
  const text = ' { "a" : [ 1 , {"b":"x\\"}]{", "c":{ "d" : -1.50e3 }} , null ] , "a\\u0062":true, "n":12345678901234567890 }';
  const source = new Source(text);
  assert.equal(source.get(["a", 1, "c"]), '{ "d" : -1.50e3 }');
  assert.equal(source.get(["a", 1, "b"]), '"x\\"}]{"');
  assert.equal(source.get(["a", 2]), "null");
  assert.equal(source.get(["ab"]), "true");
  assert.equal(source.get(["n"]), "12345678901234567890");
  for (const path of [["a", 5], ["z"], ["n", "q"], ["a", "b"]]) assert.equal(source.get(path), undefined);
});

test("frames are read with any line ends, comments and several data lines", () => {
  const text = ": hello\n\nevent: a\r\ndata: 1\r\n\r\ndata:2\r\rdata: x\ndata: y\n\nid: 7\ndata\n\ndata: half";
  const all = [...frames(text)];
  const read = all.filter(({ data }) => data !== undefined).map(({ event, data }) => [event, data]);
  assert.deepEqual(read, [["a", "1"], ["", "2"], ["", "x\ny"], ["", ""], ["", "half"]]);
  assert.equal(all.at(-1).whole, false);
  assert.equal(all.map(({ raw }) => raw).join(""), text);
});

test("lines are frames of JSON lines", () => {
  const read = [...lines('{"a":1}\n\r\n{"b":2}')];
  assert.deepEqual(read.map(({ data, whole }) => [data, whole]), [['{"a":1}', true], [undefined, true], ['{"b":2}', false]]);
});
