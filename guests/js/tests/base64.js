// What QuickJS has and node has not yet. Imported before the SDK.

Uint8Array.prototype.toBase64 ??= function toBase64() {
  return Buffer.from(this.buffer, this.byteOffset, this.length).toString("base64");
};
Uint8Array.fromBase64 ??= (text) => Uint8Array.from(Buffer.from(text, "base64"));
