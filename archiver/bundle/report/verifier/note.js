// Signed notes, the log's keys, checkpoints, inclusion and consistency proofs: docs/formats/log.md.

const NOTE_ED25519 = 1;
const NOTE_MLDSA44 = 6;
const MAX_SIZE = 2n ** 63n - 1n;
const SIZE = /^(?:0|[1-9][0-9]{0,18})$/;

function checkName(name) {
  need(name !== "" && !/[\s+\u0000-\u001f\u007f-\u009f]/u.test(name) && utf8(name).length <= 255, "not a key name");
  return name;
}

// A vkey: name+id+key. The base64 may itself contain a plus sign.
function parseVkey(text) {
  need(isText(text), "not a verifier key");
  const [name, id] = text.split("+", 2);
  const data = fromBase64(text.slice(name.length + (id ?? "").length + 2), "verifier key");
  const [type, key] = [data[0], data.subarray(1)];
  checkName(name);
  need(key.length === { [NOTE_ED25519]: 32, [NOTE_MLDSA44]: 1312 }[type], "verifier key of an unknown type or length");
  if (type === NOTE_ED25519) checkEd25519Public(key);
  const found = hex(sha256Sync(join(utf8(`${name}\n`), data)).subarray(0, 4));
  need(
    found === id && `${name}+${id}+${toBase64(data)}` === text,
    "verifier key: its id does not belong to its name and key",
  );
  return { name, id, type, key, text };
}

function openNote(data) {
  need(data.length <= MAX_NOTE, "a note of more than 1,048,576 bytes");
  need(
    data.every((byte) => byte >= 32 || byte === 10),
    "note holds a control character",
  );
  const whole = fromUtf8(data, "note");
  const split = whole.lastIndexOf("\n\n");
  need(split >= 0 && whole.endsWith("\n"), "note has no signatures or no final newline");
  const rows = whole
    .slice(split + 2)
    .split("\n")
    .slice(0, -1);
  need(rows.length >= 1 && rows.length <= 100, `note has ${rows.length} signature lines; 1 to 100 are read`);
  const signatures = rows.map((row) => {
    const [dash, name, spelled, ...rest] = row.split(" ");
    need(dash === "\u2014" && rest.length === 0 && spelled !== undefined, "not a signature line");
    const material = fromBase64(spelled, "signature");
    need(material.length >= 5, "a signature line is too short");
    return { name: checkName(name), id: hex(material.subarray(0, 4)), signature: material.subarray(4) };
  });
  return { text: whole.slice(0, split + 1), signatures };
}

function parseCheckpoint(text) {
  const rows = text.split("\n");
  need(rows.length === 4 && rows[3] === "", "a checkpoint has three lines: origin, size, root");
  need(SIZE.test(rows[1]), "checkpoint size is not a decimal number");
  const size = BigInt(rows[1]);
  const root = fromBase64(rows[2], "checkpoint root");
  need(size <= MAX_SIZE && root.length === 32, "checkpoint: size or root out of range");
  need(size > 0n || same(root, EMPTY_ROOT), "checkpoint: the empty tree has another root");
  return { origin: checkName(rows[0]), size, root };
}

// A checkpoint of which no line by a known key fails, and at least one Ed25519 line holds.
async function openCheckpoint(data, keys) {
  const note = openNote(data);
  const checkpoint = parseCheckpoint(note.text);
  if (keys.some((key) => key.name !== checkpoint.origin))
    throw wrong(`this checkpoint is of another log: ${checkpoint.origin}`);
  const known = new Map(keys.map((key) => [`${key.name}+${key.id}`, key]));
  const [seen, unknown] = [new Map(), []];
  let seconds = null;
  for (const line of note.signatures) {
    const name = `${line.name}+${line.id}`;
    const key = known.get(name);
    if (key === undefined) {
      unknown.push(line.name);
      continue;
    }
    need(!seen.has(name), `two signature lines by the key ${name}`);
    seen.set(name, key);
    if (key.type === NOTE_ED25519) {
      if (!(await ed25519Holds(key.key, line.signature, utf8(note.text))))
        throw wrong(`the log's Ed25519 signature (${key.id}) does not hold`);
    } else {
      seconds = checkMldsaLine(line, key, checkpoint);
    }
  }
  if (![...seen.values()].some((key) => key.type === NOTE_ED25519))
    throw wrong("no Ed25519 signature line by the log's key");
  return { checkpoint, note, seen, unknown, seconds };
}

const counted = (text) => join(Uint8Array.of(utf8(text).length), utf8(text));

function checkMldsaLine(line, key, checkpoint) {
  need(line.signature.length === 8 + 2420, `the ML-DSA-44 line of ${key.name} has another length`);
  const time = line.signature.subarray(0, 8);
  need(time[0] < 128, "the time in the ML-DSA-44 line is out of range");
  const message = join(
    utf8("subtree/v1\n\0"),
    counted(key.name),
    time,
    counted(checkpoint.origin),
    uint64(0),
    uint64(checkpoint.size),
    checkpoint.root,
  );
  if (!mldsa44Holds(key.key, line.signature.subarray(8), message))
    throw wrong(`the log's ML-DSA-44 signature (${key.id}) does not hold`);
  return new DataView(time.buffer, time.byteOffset).getBigUint64(0);
}

function splitProof(data, what) {
  need(data.length <= 2 * MAX_NOTE, `${what} of more than 2 MiB`);
  const place = indexOf(data, [10, 10]);
  need(place >= 0, `not a ${what}`);
  return [fromAscii(data.subarray(0, place), what).split("\n"), data.subarray(place + 2)];
}

function proofHashes(rows) {
  need(rows.length <= MAX_PROOF, `a proof of ${rows.length} hashes; ${MAX_PROOF} are enough for any tree`);
  return rows.map((row) => {
    const hash = fromBase64(row, "proof hash");
    need(hash.length === 32, "a hash of the proof does not have 32 bytes");
    return hash;
  });
}

// C2SP tlog-proof.
function parseProof(data) {
  const [rows, checkpoint] = splitProof(data, "c2sp.org/tlog-proof@v1");
  need(rows.shift() === "c2sp.org/tlog-proof@v1", "not a c2sp.org/tlog-proof@v1");
  if (rows[0]?.startsWith("extra ")) fromBase64(rows.shift().slice(6), "extra");
  const match = /^index (0|[1-9][0-9]{0,18})$/.exec(rows.shift() ?? "");
  need(match !== null, "the proof has no index line");
  openNote(checkpoint);
  return { index: BigInt(match[1]), hashes: proofHashes(rows), checkpoint };
}

function parseConsistency(data) {
  const [rows, checkpoint] = splitProof(data, "consistency proof");
  const match = /^old (0|[1-9][0-9]{0,18})$/.exec(rows.shift() ?? "");
  need(match !== null, "not a consistency proof");
  openNote(checkpoint);
  return { old: BigInt(match[1]), hashes: proofHashes(rows), checkpoint };
}
