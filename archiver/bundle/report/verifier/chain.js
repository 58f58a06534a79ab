// Steps 2 to 5: genesis, the checkpoint, manifests and their signatures in the order of the log.

class Case {
  constructor(container) {
    this.container = container;
    this.report = new Outcome();
    this.archive = this.keys = this.checkpoint = null;
    this.note = EMPTY;
    this.rows = new Map(); // sequence -> {sequence, name, data, digest, signatureDigest, signer, manifest, newer}
    this.byDigest = new Map();
    this.removed = new Map();
    this.stamps = new Map();
    this.signedBy = new Map();
    this.incomplete = false;
    this.record = null;
    this.parts = new Map(); // digest of an object that is shown in part -> what parseParts gives
  }

  read(name, limit) {
    return this.container.read(name, limit);
  }
}

const inData = (name) => `data/${name}`;
const signature = (container, name) => container.read(name, MAX_SIGNATURE);
const short = (digest) => [7, 11, 15, 19].map((at) => digest.slice(at, at + 4)).join("-");

async function checkGenesis(run) {
  const { report } = run;
  const name = inData(manifestPath(0));
  try {
    const data = await run.read(name, MAX_MANIFEST);
    run.archive = await digestOf(data);
    const manifest = decodeManifest(data);
    need(manifest.event === "genesis", "the first manifest is no genesis");
    const keys = new KeyHistory(run.archive, manifest.identity);
    for (const [suffix, line] of [
      [".sig", manifest.identity.signer],
      [".sig.1", manifest.identity.recovery],
    ]) {
      await checkSignedBy(run, name + suffix, data, parseKeyLine(line).fingerprint);
    }
    run.keys = keys;
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    if (fault.kind === "newer") report.find(2, "genesis-newer", fault.message, name, 0);
    else report.blame(2, fault, "genesis-bad", name, fault.where === name ? "genesis-missing" : "genesis-bad");
    report.step(2).skipped = "there is no good first manifest";
    return;
  }
  report.archive = run.archive;
  report.origin = run.keys.origin;
  Object.assign(report.step(2), { checked: 1, summary: `archive ${short(run.archive)}, log ${run.keys.origin}` });
}

async function checkSignedBy(run, name, data, wanted) {
  try {
    const key = await verifySsh(await signature(run.container, name), data, MANIFESTS);
    if (key.fingerprint !== wanted) throw wrong(`is a signature by ${key.fingerprint}, not by ${wanted}`);
  } catch (fault) {
    if (fault instanceof Fault) fault.where = name;
    throw fault;
  }
}

// The checkpoint's text, believed by nobody before judgeCheckpoint.
async function readCheckpoint(run) {
  const name = inData("log/checkpoint");
  try {
    run.note = await run.read(name, MAX_NOTE);
    const checkpoint = parseCheckpoint(openNote(run.note).text);
    need(checkpoint.origin === run.keys.origin, `is of another log: ${checkpoint.origin}`);
  } catch (fault) {
    run.report.blame(3, fault, "checkpoint-bad", name, "checkpoint-missing");
    run.note = EMPTY;
    run.report.step(3).skipped = "there is no readable checkpoint";
  }
}

async function openByPosition(keys, note) {
  const opened = await openCheckpoint(note, [...keys.log, ...keys.retiredLog]);
  const wanted = keys.logAt(opened.checkpoint.size);
  if (wanted.length === 0) throw wrong(`the log has no keys at size ${opened.checkpoint.size}`);
  for (const key of wanted) {
    if (!opened.seen.has(`${key.name}+${key.id}`)) throw wrong(`the line of the log's key ${key.id} is missing`);
  }
  return opened;
}

async function judgeCheckpoint(run) {
  const { report } = run;
  const name = inData("log/checkpoint");
  if (run.note.length === 0) return;
  try {
    const opened = await openByPosition(run.keys, run.note);
    run.checkpoint = opened.checkpoint;
    opened.unknown.forEach((who) =>
      report.find(3, "checkpoint-line-unknown", `signature line by unknown key ${who}`, name),
    );
    const { size, root } = opened.checkpoint;
    Object.assign(report, { size, root: `sha256:${hex(root)}`, time: opened.seconds });
    Object.assign(report.step(3), {
      checked: 1,
      summary: `${size} manifests, root ${hex(root).slice(0, 16)}…, signed by the log's Ed25519 and ML-DSA-44 keys`,
    });
  } catch (fault) {
    const unknown = run.keys.unknownFrom !== null && fault.kind === "proof";
    report.blame(3, fault, unknown ? "checkpoint-unknown" : "checkpoint-bad", name);
    report.step(3).skipped = "there is no checkpoint signed by the log's keys";
  }
  run.keys.handovers.forEach((sequence) =>
    report.find(
      3,
      "log-handover",
      "the log's key was replaced; whether the old key introduced the new one is not checked in a bundle",
      inData(manifestPath(sequence)),
      sequence,
    ),
  );
}

async function walkChain(run) {
  const { report, container } = run;
  const sequences = container
    .names()
    .filter((name) => name.startsWith("data/chain/"))
    .map((name) => sequenceOf(name.slice(5)));
  let before = null;
  for (const sequence of sequences.filter((number) => number !== null).sort((left, right) => left - right)) {
    const row = await examine(run, sequence);
    if (row === null) {
      run.incomplete = true;
      before = null;
      continue;
    }
    run.rows.set(sequence, row);
    run.byDigest.set(row.digest, sequence);
    if (row.manifest === null) {
      if (!row.newer) run.incomplete = true;
      else run.keys.unknownFrom ??= sequence;
    } else {
      checkPlace(run, row, before);
      const good = checkSigner(run, row);
      await takeIn(run, row, good);
    }
    before = row;
  }
  for (const [fingerprint, low, high, reason] of run.keys.disowned()) {
    for (const sequence of run.signedBy.get(fingerprint) ?? []) {
      if (low > sequence || (high !== null && sequence >= high)) continue;
      report.find(5, "signature-disowned", reason, run.rows.get(sequence).name, sequence);
      for (const [digest, by] of run.removed) if (by === sequence) run.removed.delete(digest);
    }
  }
  const total = run.rows.size;
  Object.assign(report.step(4), { checked: total, summary: `${count(total, "manifest")}, each in its place` });
  report.step(5).summary = `${count(report.step(5).checked, "signature")} by keys in force`;
}

// One manifest and its signature by themselves; null if there are no bytes to look at.
async function examine(run, sequence) {
  const { report } = run;
  const name = inData(manifestPath(sequence));
  const row = { sequence, name, manifest: null, signer: null, newer: false, signatureDigest: "" };
  try {
    row.data = await run.read(name, MAX_MANIFEST);
  } catch (fault) {
    report.blame(4, fault, "manifest-bad", name, "manifest-missing", sequence);
    return null;
  }
  row.digest = await digestOf(row.data);
  try {
    row.manifest = decodeManifest(row.data);
  } catch (fault) {
    row.newer = fault.kind === "newer";
    report.blame(4, fault, row.newer ? "manifest-newer" : "manifest-bad", name, "manifest-missing", sequence);
  }
  if (row.data.length === 0) return null;
  try {
    const armored = await signature(run.container, `${name}.sig`);
    row.signatureDigest = await digestOf(armored);
    row.signer = (await verifySsh(armored, row.data, MANIFESTS)).fingerprint;
  } catch (fault) {
    if (!row.newer || fault.kind === "missing")
      report.blame(5, fault, "signature-bad", `${name}.sig`, "signature-missing", sequence);
  }
  return row;
}

function checkPlace(run, { sequence, manifest, name }, before) {
  const { report } = run;
  if (manifest.sequence !== sequence)
    report.find(
      4,
      "manifest-place",
      `says it is number ${manifest.sequence}, and stands at ${sequence}`,
      name,
      sequence,
    );
  if (sequence && manifest.archive !== run.archive)
    report.find(4, "manifest-place", "belongs to another archive", name, sequence);
  if (before === null || before.sequence !== sequence - 1) {
    if (sequence)
      report.find(4, "link-not-checked", "the neighbour that it names is not in this bundle", name, sequence);
  } else if (manifest.previous !== null) {
    const { manifest: digest, signature: signed } = manifest.previous;
    if (digest !== before.digest)
      report.find(
        4,
        "manifest-link",
        `does not name the manifest of number ${before.sequence} that is here`,
        name,
        sequence,
      );
    if (before.signatureDigest && signed !== before.signatureDigest)
      report.find(
        4,
        "manifest-link",
        `does not name the signature of number ${before.sequence} that is here`,
        name,
        sequence,
      );
  }
}

function checkSigner(run, row) {
  const { report, keys } = run;
  const { sequence, manifest, name, signer } = row;
  const fault = (code, message, file = `${name}.sig`) => {
    report.find(5, code, message, file, sequence);
    return false;
  };
  if (keys.unknownFrom !== null)
    return fault("keys-unknown", `keys in force are unknown after number ${keys.unknownFrom}`);
  if (sequence && manifest.keys !== keys.newest)
    return fault("keys-hidden", "names another newest key event than is here", name);
  if (signer === null) return false;
  report.step(5).checked += 1;
  if (signer !== manifest.signer) return fault("signature-bad", "signed by another key than the manifest names");
  const reason = keys.mayNotSign(signer, sequence, manifest.event, manifest.change);
  if (reason !== null) return fault("signer-inactive", `${signer}: ${reason}`);
  run.signedBy.set(signer, [...(run.signedBy.get(signer) ?? []), sequence]);
  return true;
}

const SUBJECTS = { reading: ["snapshot", "import"], recheck: ["reading"] };

async function takeIn(run, row, good) {
  const { manifest, sequence } = row;
  checkSubject(run, row, "subject", manifest.subject, SUBJECTS[manifest.event]);
  if (manifest.event === "recheck") checkSubject(run, row, "snapshot", manifest.snapshot, SUBJECTS.reading);
  if (manifest.event === "reading") checkReplaces(run, row);
  if (manifest.event === "key") await keyEvent(run, row, good);
  else if (manifest.event === "takedown" && (good || (row.signer && run.keys.unknownFrom !== null)))
    manifest.removed.forEach((digest) => run.removed.set(digest, sequence));
  else if (manifest.event === "stamp")
    manifest.stamps.forEach((stamp) => run.stamps.set(stamp.file, { ...stamp, sequence }));
}

// The earlier manifest that is named, if it is in the bundle; of a kind that can be meant.
function checkSubject(run, row, label, digest, kinds) {
  const sequence = digest === null ? undefined : run.byDigest.get(digest);
  if (sequence === undefined || sequence === row.sequence) return null;
  const found = run.rows.get(sequence).manifest;
  if (found === null) return null;
  if (kinds !== undefined && !kinds.includes(found.event)) {
    run.report.find(4, "subject-unknown", `${label} is number ${sequence}, a ${found.event}`, row.name, row.sequence);
    return null;
  }
  return found;
}

function checkReplaces(run, row) {
  const replaced = checkSubject(run, row, "replaces", row.manifest.replaces, ["reading"]);
  const here = replaced !== null && run.byDigest.has(row.manifest.subject) && run.byDigest.has(replaced.subject);
  if (here && replaced.subject !== row.manifest.subject) {
    run.report.find(4, "subject-unknown", "replaces a reading of another snapshot", row.name, row.sequence);
  }
}

async function keyEvent(run, row, good) {
  const { change } = row.manifest;
  run.keys.newest = row.digest;
  if (!good) return;
  try {
    const fresh = change.role === "log" ? [] : change.new.map((line) => parseKeyLine(line).fingerprint);
    for (const fingerprint of fresh) await checkSignedBy(run, `${row.name}.new.sig`, row.data, fingerprint);
    run.keys.apply(row.sequence, change, row.signer);
  } catch (fault) {
    run.report.blame(5, fault, "key-event-bad", row.name, "key-event-bad", row.sequence);
  }
}
