// SHA-256, SHA-512, Ed25519 and ML-DSA-44. Ed25519 and the digests of what is small enough are the browser's own
// (WebCrypto); where it has none, and for the rest, the vendored noble libraries compute them.

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const SMALL_ORDER = new Set([
  0n,
  1n,
  P - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
]); // y coordinates of the eight points for which anybody can make signatures

noble.hashes.sha512 = noble.sha512;

const engine = { subtle: globalThis.crypto?.subtle ?? null, ed25519: null };

// Which Ed25519 is used: the browser's, if it accepts RFC 8032's second test vector and refuses a changed one.
async function chooseEngine(forced = null) {
  const key = unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const signature = unhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  );
  engine.ed25519 = "noble";
  if (forced === "noble" || engine.subtle === null) return engine.ed25519;
  try {
    const good = await subtleEd25519(key, signature, Uint8Array.of(0x72));
    const bad = await subtleEd25519(key, signature, Uint8Array.of(0x73));
    if (good && !bad) engine.ed25519 = "WebCrypto";
  } catch {
    // This browser has no Ed25519 of its own: it says so by refusing the key, in its own words.
  }
  return engine.ed25519;
}

async function subtleEd25519(key, signature, message) {
  const imported = await engine.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  return engine.subtle.verify({ name: "Ed25519" }, imported, signature, message);
}

function littleEndian(data) {
  let number = 0n;
  for (let at = data.length - 1; at >= 0; at -= 1) number = (number << 8n) | BigInt(data[at]);
  return number;
}

function checkEd25519Public(key) {
  need(key.length === 32, `an Ed25519 key has 32 bytes, not ${key.length}`);
  const y = littleEndian(key) & (2n ** 255n - 1n);
  need(y < P && !SMALL_ORDER.has(y), "an Ed25519 key of small order, or in a second spelling: it proves nothing");
  return key;
}

// RFC 8032, section 5.1.7, without the cofactor; S below the order of the group.
async function ed25519Holds(key, signature, message) {
  checkEd25519Public(key);
  if (signature.length !== 64 || littleEndian(signature.subarray(32)) >= ORDER) return false;
  if (engine.ed25519 === null) await chooseEngine();
  if (engine.ed25519 === "WebCrypto") {
    try {
      return await subtleEd25519(key, signature, message);
    } catch {
      return false; // no point of the curve
    }
  }
  return nobleEd25519(key, signature, message);
}

// The library's own answer, which multiplies by the cofactor, and the equation without it: what OpenSSL and OpenSSH ask.
function nobleEd25519(key, signature, message) {
  try {
    if (!noble.verify(signature, message, key, { zip215: false })) return false;
    const { Point } = noble;
    const challenge = littleEndian(noble.sha512(join(signature.subarray(0, 32), key, message))) % ORDER;
    const left = Point.BASE.multiply(littleEndian(signature.subarray(32)), false);
    const right = Point.fromBytes(key).negate().multiply(challenge, false);
    return same(left.add(right).toBytes(), signature.subarray(0, 32));
  } catch {
    return false; // no point of the curve
  }
}

function mldsa44Holds(key, signature, message) {
  try {
    return noble.ml_dsa44.verify(signature, message, key);
  } catch {
    return false; // no signature of that form
  }
}

const sha256Sync = (data) => noble.sha256(data);
const sha512Sync = (data) => noble.sha512(data);

async function sha256(data) {
  if (engine.subtle === null || data.length < 16384) return noble.sha256(data);
  return new Uint8Array(await engine.subtle.digest("SHA-256", data));
}

const digestOf = async (data) => `sha256:${hex(await sha256(data))}`;
const digestSync = (data) => `sha256:${hex(noble.sha256(data))}`;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function crc32(data, before = 0) {
  let value = ~before;
  for (let at = 0; at < data.length; at += 1) value = CRC_TABLE[(value ^ data[at]) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}
