// The one JSON layout of docs/formats/README.md: parsed, written again, compared.

const MAX_DEPTH = 16;
const MAX_DOCUMENT = 16 << 20;
const MAX_MANIFEST = 65535;
const MAX_NOTE = 1 << 20;
const MAX_SIGNATURE = 8192;
const FORBIDDEN =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const VERSION =
  /^[ \t\n\r\f\v]{0,100}\{[ \t\n\r\f\v]{0,100}"archiver"[ \t\n\r\f\v]{0,100}:[ \t\n\r\f\v]{0,100}"([a-z-]{1,40})\/v([1-9][0-9]{0,5})"/;

function refuseNewer(data, known) {
  const match = VERSION.exec(latin1(data.subarray(0, 600)));
  if (match === null) return;
  const [family, number] = known.split("/v");
  if (match[1] === family && Number(match[2]) > Number(number)) {
    throw new Fault("newer", `${match[1]}/v${match[2]} is newer than this page, which knows ${known}`);
  }
}

function decodeDocument(data, limit = MAX_DOCUMENT) {
  return decodeJson(data, limit, (value) => `${JSON.stringify(value, null, 1)}\n`);
}

function decodeLine(data, limit = 4 << 20) {
  return decodeJson(data, limit, (value) => JSON.stringify(value));
}

function decodeJson(data, limit, write) {
  need(data.length <= limit, `JSON of ${data.length} bytes; at most ${limit} are read`);
  const text = fromUtf8(data, "JSON");
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed("not JSON");
  }
  checkValue(value, 1);
  need(write(value) === text, "JSON is not in the one layout that archiver writes (order, spacing or escapes differ)");
  return value;
}

function checkValue(value, depth) {
  if (typeof value === "string") {
    need(!FORBIDDEN.test(value), "a control character or lone surrogate in a text");
  } else if (typeof value === "number") {
    need(Number.isSafeInteger(value) && !Object.is(value, -0), "a number that is no integer below 2^53");
  } else if (value !== null && typeof value === "object") {
    const items = Array.isArray(value) ? value : Object.values(value);
    need(depth < MAX_DEPTH || (depth === MAX_DEPTH && items.length === 0), `nested deeper than ${MAX_DEPTH}`);
    if (!Array.isArray(value)) {
      for (const key of Object.keys(value)) {
        need(
          [...key].length <= 200 && !/^(?:0|[1-9][0-9]*)$/.test(key) && !FORBIDDEN.test(key),
          "a key that is too long, or looks like an integer",
        );
      }
    }
    items.forEach((item) => checkValue(item, depth + 1));
  }
}

// An object with exactly these keys, in this order.
function keysOf(value, keys, what) {
  need(
    value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).join() === keys.join(),
    `${what}: keys missing, unknown or out of order`,
  );
  return value;
}

const isText = (value) => typeof value === "string";
const isNatural = (value) => Number.isSafeInteger(value) && value >= 0;
const isDigest = (value) => isText(value) && DIGEST.test(value);
const isFingerprint = (value) => isText(value) && /^SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]$/.test(value);
const isSalt = (value) => isText(value) && /^[A-Za-z0-9+/]{21}[AQgw]==$/.test(value);

function isTime(value) {
  if (
    !isText(value) ||
    !/^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}\.[0-9]{3}Z$/.test(
      value,
    )
  )
    return false;
  if (value.startsWith("0000")) return false;
  const [year, month, day] = value.slice(0, 10).split("-").map(Number);
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day <= [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
}
