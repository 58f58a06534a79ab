// Step 1: the bag: bundle.json, both lists, every file, and which manifest each belongs to.

const TAGS = [
  "README.txt",
  "bag-info.txt",
  "bagit.txt",
  "bundle.json",
  "exporter.allowed_signers",
  "manifest-sha256.txt",
  "report.html",
];
const TAG_LIST = "tagmanifest-sha256.txt";
const TAG_SIGNATURE = "tagmanifest-sha256.txt.sig";
const MAX_LIST = MAX_FILES * 268;

async function readRecord(run) {
  try {
    const data = await run.read("bundle.json", MAX_DOCUMENT);
    refuseNewer(data, "bundle/v1");
    run.record = checkRecord(decodeDocument(data));
    run.recordDigest = await digestOf(data);
    run.report.record = run.record;
  } catch (fault) {
    run.report.blame(
      fault.kind === "newer" ? 16 : 1,
      fault,
      fault.kind === "newer" ? "bundle-renderer" : "bundle-file",
      "bundle.json",
    );
  }
}

function checkRecord(record) {
  keysOf(
    record,
    ["archiver", "archive", "size", "created", "software", "renderer", "exporter", "selected", "withheld"],
    "bundle.json",
  );
  const { selected, withheld } = record;
  const word = (value) => isText(value) && /^[A-Za-z0-9._+/-]{1,80}$/.test(value);
  need(
    record.archiver === "bundle/v1" && isDigest(record.archive) && isNatural(record.size) && record.size > 0,
    "bundle.json: archive or size is malformed",
  );
  need(
    isTime(record.created) && word(record.software) && word(record.renderer),
    "bundle.json: created, software or renderer is malformed",
  );
  need(
    isText(record.exporter) && /^SHA256:[A-Za-z0-9+/]{43}$/.test(record.exporter),
    "bundle.json: exporter is no fingerprint",
  );
  need(
    Array.isArray(selected) &&
      selected.every(
        (number, at) => isNatural(number) && number < record.size && (at === 0 || selected[at - 1] < number),
      ),
    "bundle.json: selected does not rise",
  );
  need(Array.isArray(withheld), "bundle.json: withheld is no list");
  let before = "";
  for (const item of withheld) {
    keysOf(item, ["sequence", "role", "digest", "shown"], "withheld");
    need(
      selected.includes(item.sequence) &&
        isDigest(item.digest) &&
        isText(item.role) &&
        /^[a-z][a-z0-9-]{0,39}$/.test(item.role),
      "bundle.json: a withheld object is malformed",
    );
    need(isNatural(item.shown), "bundle.json: shown is no natural number");
    const order = `${String(item.sequence).padStart(16, "0")} ${item.role} ${item.digest}`;
    need(before < order, "bundle.json: withheld does not rise");
    before = order;
  }
  return record;
}

function parseList(data, name) {
  const listed = new Map();
  let before = "";
  for (const row of data.length ? lines(fromAscii(data, name), name) : []) {
    const match = /^([0-9a-f]{64}) {2}([A-Za-z0-9._/-]{1,200})$/.exec(row);
    need(match !== null && goodName(match[2]), `${name}: not a line of digest and name`);
    need(match[2] > before, `${name}: ${match[2]} stands twice or out of byte order`);
    listed.set(match[2], `sha256:${match[1]}`);
    before = match[2];
  }
  return listed;
}

async function readList(run, name) {
  try {
    return parseList(await run.read(name, MAX_LIST), name);
  } catch (fault) {
    run.report.blame(1, fault, "bundle-file", name);
    return new Map();
  }
}

async function checkFiles(run, progress) {
  const { report, container } = run;
  const fault = (message, file) => report.find(1, "bundle-file", message, file);
  const payload = await readList(run, "manifest-sha256.txt");
  const tags = await readList(run, TAG_LIST);
  checkNames(container, payload, tags, fault);
  const manifests = await readManifests(run);
  checkNeeded(run, manifests, payload, fault);
  const hashed = hashedObjects(run, manifests);
  const listed = [...tags, ...payload];
  let done = 0;
  for (const [name, wanted] of listed) {
    progress("files", done, listed.length);
    done += 1;
    if (!container.has(name)) continue;
    if (hashed.has(name)) {
      // Its bytes are compared with its name in step 9, so here the name is compared with the list.
      if (inData(objectPath(wanted)) !== name) fault("is listed with another digest than its name spells", name);
      continue;
    }
    const found = (await container.digest(name)).digest;
    if (found !== wanted)
      fault(`was changed: its digest is ${found.slice(0, 23)}…, and ${wanted.slice(0, 23)}… is listed`, name);
  }
  for (const name of container.names()) {
    if (!(await container.digest(name)).crcHolds)
      fault("does not have the CRC-32 that the zip gives: other programs refuse it", name);
  }
  Object.assign(report.step(1), {
    checked: container.files.size,
    summary: `${count(container.files.size, "file")}, each listed, with the listed bytes`,
  });
  if (run.record !== null) await compareRecord(run, payload, fault);
}

function checkNames(container, payload, tags, fault) {
  const outer = new Set([...TAGS, TAG_LIST, TAG_SIGNATURE]);
  for (const name of container.names()) {
    if (name.startsWith("data/")) {
      if (!payload.has(name)) fault("is not in manifest-sha256.txt: it was added", name);
    } else if (!outer.has(name)) fault("belongs to no part of a bundle: it was added", name);
    else if (!tags.has(name) && name !== TAG_LIST && name !== TAG_SIGNATURE) fault(`is not in ${TAG_LIST}`, name);
  }
  for (const name of [...outer, ...payload.keys()]) if (!container.has(name)) fault("is missing", name);
  for (const name of payload.keys())
    if (!name.startsWith("data/")) fault(`lists ${name}, which is not in data/`, "manifest-sha256.txt");
  for (const name of tags.keys())
    if (!TAGS.includes(name)) fault(`lists ${name}, which is no part of a bundle`, TAG_LIST);
}

// Every manifest that is here, by itself: null for one that cannot be read, which step 4 says.
async function readManifests(run) {
  const found = [];
  for (const name of run.container.names()) {
    const sequence = name.startsWith("data/") ? sequenceOf(name.slice(5)) : null;
    if (sequence === null) continue;
    const row = run.rows.get(sequence);
    let manifest = row === undefined ? null : row.manifest;
    if (row === undefined) manifest = await run.read(name, MAX_MANIFEST).then(decodeManifest).catch(asNull);
    found.push({ name, sequence, manifest });
  }
  return found;
}

function asNull(fault) {
  if (fault instanceof Fault) return null;
  throw fault;
}

function hashedObjects(run, manifests) {
  const step = run.report.step(9);
  if (step.skipped !== null || step.checked === 0) return new Set();
  return new Set(
    manifests.flatMap(({ manifest }) => (manifest?.objects ?? []).map((ref) => inData(objectPath(ref.digest)))),
  );
}

// Every file in data/ belongs to a manifest that is here, and everything that a chosen one seals is here.
function checkNeeded(run, rows, payload, fault) {
  const allowed = new Set(["data/log/checkpoint", "data/trust/allowed_signers", "data/trust/log.vkey"]);
  const required = new Map();
  const selected = new Set(run.record?.selected ?? []);
  const absent = new Set((run.record?.withheld ?? []).map((item) => item.digest));
  let complete = run.record !== null;
  for (const { manifest } of rows)
    if (manifest?.event === "takedown") manifest.removed.forEach((digest) => absent.add(digest));
  for (const { name, manifest, sequence } of rows) {
    [name, `${name}.sig`, name.replace(/json$/, "tlog-proof")].forEach((file) => allowed.add(file));
    if (manifest === null) {
      complete = false;
      continue;
    }
    if (manifest.event === "genesis") allowed.add(`${name}.sig.1`);
    if (manifest.event === "key" && manifest.change.role !== "log" && manifest.change.new.length)
      allowed.add(`${name}.new.sig`);
    if (manifest.event === "stamp") manifest.stamps.forEach((stamp) => allowed.add(inData(stamp.file)));
    for (const ref of selected.has(sequence) ? manifest.objects : []) {
      if (!absent.has(ref.digest)) required.set(inData(objectPath(ref.digest)), sequence);
    }
  }
  for (const item of run.record?.withheld ?? []) {
    if (!item.shown) continue;
    required.set(partsPath(item.digest), item.sequence).set(`${partsPath(item.digest)}.proof`, item.sequence);
  }
  const older = /^data\/log\/checkpoints\/[1-9][0-9]{0,18}(?:\.consistency)?$/;
  for (const name of payload.keys()) {
    if (complete && name.startsWith("data/") && !allowed.has(name) && !required.has(name) && !older.test(name))
      fault("belongs to no manifest that was chosen", name);
  }
  for (const [name, sequence] of required) {
    if (!payload.has(name))
      fault(`number ${sequence} was chosen and seals it, and nothing says that it was withheld`, name);
  }
}

async function compareRecord(run, payload, fault) {
  const { record, container } = run;
  if (run.archive !== null && record.archive !== run.archive)
    fault(`names the archive ${record.archive}`, "bundle.json");
  if (run.checkpoint !== null && BigInt(record.size) !== run.checkpoint.size)
    fault(`says that the log counts ${record.size} manifests`, "bundle.json");
  for (const sequence of record.selected) {
    if (!container.has(inData(manifestPath(sequence))))
      fault(`number ${sequence} was chosen and is not here`, inData(manifestPath(sequence)));
  }
  const folder = `evidence-${record.archive.slice(7, 15)}-${record.selected[0] ?? 0}-${run.recordDigest.slice(7, 15)}`;
  if (container.folder !== folder) fault(`the folder is called ${container.folder}, not ${folder}`, "bundle.json");
  const bytes = [...payload.keys()].reduce((sum, name) => sum + (container.size(name) ?? 0), 0);
  const texts = {
    "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
    "bag-info.txt":
      `Bag-Software-Agent: ${record.software}\nBagging-Date: ${record.created.slice(0, 10)}\n` +
      "External-Description: Evidence of captured web pages. Begin with README.txt.\n" +
      `External-Identifier: ${record.archive}\nPayload-Oxum: ${bytes}.${payload.size}\n`,
  };
  for (const [name, text] of Object.entries(texts)) {
    if (container.has(name) && !same(await run.read(name, MAX_DOCUMENT).catch(() => EMPTY), utf8(text)))
      fault("is not what bundle.json and the payload give", name);
  }
}
