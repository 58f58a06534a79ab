// Bytes, texts and the faults that reading them can give. Nothing here knows a format.
//
// A fault has a kind: "format" (the bytes are not what their format says), "proof" (well-formed, and a digest, signature
// or proof does not hold), "missing" (the file is not there), "newer" (a later version, not checked).

class Fault extends Error {
  constructor(kind, message, where = null) {
    super(message);
    this.kind = kind;
    this.where = where;
  }
}

const malformed = (message) => new Fault("format", message);
const wrong = (message) => new Fault("proof", message);

function need(condition, message) {
  if (!condition) throw malformed(message);
}

const EMPTY = new Uint8Array(0);
const ENCODER = new TextEncoder();

const utf8 = (text) => ENCODER.encode(text);

function fromUtf8(data, what = "text") {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw malformed(`${what} is not UTF-8`);
  }
}

// One character a byte, whatever the bytes are: for patterns.
function latin1(data) {
  let text = "";
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return text;
}

function fromAscii(data, what = "text") {
  need(
    data.every((byte) => byte < 128),
    `${what} is not ASCII`,
  );
  return latin1(data);
}

function join(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let place = 0;
  for (const part of parts) {
    out.set(part, place);
    place += part.length;
  }
  return out;
}

function same(left, right) {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

function unhex(text) {
  const out = new Uint8Array(text.length / 2);
  for (let at = 0; at < out.length; at += 1) out[at] = parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return out;
}

const toBase64 = (data) => btoa(latin1(data));

// The one spelling: RFC 4648 section 4, padded, without line breaks, left-over bits zero.
function fromBase64(text, what = "text") {
  let decoded;
  try {
    decoded = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw malformed(`${what} is not base64`);
  }
  need(toBase64(decoded) === text, `${what} is not base64 in its one spelling`);
  return decoded;
}

// uint32, most significant byte first (SSH), and uint64 likewise (C2SP).
const uint32 = (number) => Uint8Array.of(number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255);

function uint64(number) {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(number));
  return out;
}

function indexOf(data, pattern, from = 0, end = data.length) {
  for (
    let at = data.indexOf(pattern[0], from);
    at >= 0 && at + pattern.length <= end;
    at = data.indexOf(pattern[0], at + 1)
  ) {
    if (pattern.every((byte, offset) => data[at + offset] === byte)) return at;
  }
  return -1;
}

// Lines of a list that ends with a line feed; the text after the last one must be empty.
function lines(text, what) {
  need(text.endsWith("\n"), `${what} does not end with a line feed`);
  return text.slice(0, -1).split("\n");
}

const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
