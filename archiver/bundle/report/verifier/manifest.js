// Manifests: docs/formats/manifest.md. A manifest is read only if a writer would have written it.

const EVENT_KEY = {
  genesis: "identity",
  snapshot: null,
  reading: "replaces",
  recheck: "snapshot",
  import: null,
  key: "change",
  stamp: "stamps",
  export: "bundle",
  takedown: "removed",
  note: null,
};
const NEEDS_SUBJECT = new Set(["reading", "recheck", "takedown", "note"]);
const NEEDS_FACTS = new Set(["snapshot", "reading", "recheck", "import", "takedown", "note"]);
const ROLES = {
  facts: ["application/json", null],
  warc: ["application/warc", ["snapshot", "import"]],
  "segment-secret": ["application/octet-stream", ["snapshot", "import"]],
  "page-text": ["text/plain", ["reading"]],
  statements: ["application/jsonl", ["reading"]],
};
const EMPTY_TREE = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ORIGIN = /^(?:[A-Za-z0-9._~-][A-Za-z0-9._~:/-]{0,198}[A-Za-z0-9._~-]|[A-Za-z0-9])$/;
const STAMP = /^log\/checkpoints\/([1-9][0-9]{0,15})(?:\.[a-z0-9-]{1,40})?\.([a-z]{3,5})$/;
const STAMP_ENDINGS = { rfc3161: ["tsr", "tsq"], opentimestamps: ["ots"], cosignature: ["cosig"] };

function indexPath(number) {
  const groups = [];
  let rest = number;
  do {
    groups.unshift(String(rest % 1000).padStart(3, "0"));
    rest = Math.floor(rest / 1000);
  } while (rest > 0);
  return groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
}

const manifestPath = (sequence) => `chain/${indexPath(sequence)}.json`;
const objectPath = (digest) => `objects/sha256/${digest.slice(7, 9)}/${digest.slice(9)}`;

function sequenceOf(name) {
  const match = /^chain\/((?:x[0-9]{3}\/){0,5}[0-9]{3})\.json$/.exec(name);
  if (match === null) return null;
  const sequence = Number(match[1].replaceAll("x", "").replaceAll("/", ""));
  return manifestPath(sequence) === name ? sequence : null;
}

function decodeManifest(data) {
  need(data.length <= MAX_MANIFEST, `manifest of ${data.length} bytes; at most ${MAX_MANIFEST}`);
  refuseNewer(data, "manifest/v1");
  fromAscii(data, "manifest");
  const manifest = decodeDocument(data, MAX_MANIFEST);
  need(manifest !== null && typeof manifest === "object" && manifest.archiver === "manifest/v1", "not a manifest");
  const { event } = manifest;
  need(isText(event) && Object.hasOwn(EVENT_KEY, event), "event is unknown");
  const own = EVENT_KEY[event] === null ? [] : [EVENT_KEY[event]];
  keysOf(
    manifest,
    [
      "archiver",
      "archive",
      "sequence",
      "previous",
      "keys",
      "signer",
      "event",
      "time",
      "subject",
      ...own,
      "objects",
      "salt",
    ],
    "manifest",
  );
  checkCommon(manifest);
  checkExtra(manifest);
  checkRefs(manifest);
  return manifest;
}

function checkCommon(manifest) {
  const { event, sequence, previous } = manifest;
  need(isNatural(sequence), "sequence is not a natural number");
  if (event === "genesis") {
    need(
      sequence === 0 && manifest.archive === null && previous === null && manifest.keys === null,
      "genesis has sequence 0 and names nothing",
    );
  } else {
    need(sequence > 0 && isDigest(manifest.archive) && isDigest(manifest.keys), "archive or keys is not a digest");
    keysOf(previous, ["manifest", "signature"], "previous");
    need(isDigest(previous.manifest) && isDigest(previous.signature), "previous is not two digests");
  }
  need(
    NEEDS_SUBJECT.has(event) ? isDigest(manifest.subject) : manifest.subject === null,
    `subject does not fit a ${event}`,
  );
  need(
    isFingerprint(manifest.signer) && isTime(manifest.time) && isSalt(manifest.salt),
    "signer, time or salt is malformed",
  );
}

function checkExtra(manifest) {
  const { event, sequence } = manifest;
  const extra = manifest[EVENT_KEY[event]];
  if (event === "genesis") checkIdentity(extra);
  else if (event === "reading") need(extra === null || isDigest(extra), "replaces is not a digest");
  else if (event === "recheck") need(isDigest(extra), "snapshot is not a digest");
  else if (event === "key") checkChange(extra, sequence);
  else if (event === "stamp") checkStampRefs(extra, sequence);
  else if (event === "export") checkExport(extra, sequence);
  else if (event === "takedown") {
    need(
      Array.isArray(extra) && extra.length >= 1 && extra.length <= 700 && extra.every(isDigest),
      "removed is not 1 to 700 digests",
    );
    need(new Set(extra).size === extra.length, "removed: an object stands twice");
  }
}

function logPair(texts) {
  need(Array.isArray(texts), "not a list of log keys");
  const keys = texts.map(parseVkey);
  need(
    keys.map((key) => key.type).join() === `${NOTE_ED25519},${NOTE_MLDSA44}`,
    "a log key is an Ed25519 and an ML-DSA-44 vkey, in this order",
  );
  need(keys[0].name === keys[1].name && ORIGIN.test(keys[0].name), "the vkeys of a log have its origin as their name");
  return keys;
}

function checkIdentity(identity) {
  keysOf(identity, ["origin", "signer", "recovery", "log", "continues"], "identity");
  need(isText(identity.origin) && ORIGIN.test(identity.origin), "origin is no name of a log");
  const raw = [parseKeyLine(identity.signer).raw, parseKeyLine(identity.recovery).raw];
  const log = logPair(identity.log);
  need(log[0].name === identity.origin, "a log key's name is not the origin");
  need(new Set([...raw, log[0].key].map(hex)).size === 3, "signer, recovery and log are not three different keys");
  if (identity.continues !== null) {
    const { archive, size, root } = keysOf(identity.continues, ["archive", "size", "root"], "continues");
    need(isDigest(archive) && isNatural(size) && size > 0 && isDigest(root), "continues is malformed");
  }
}

function checkChange(change, sequence) {
  keysOf(change, ["action", "role", "old", "new", "trusted_size", "suspected_since"], "change");
  const wanted = { rotate: [1, [1]], revoke: [1, [0, 1]], add: [0, [1]] };
  need(
    isText(change.action) &&
      Object.hasOwn(wanted, change.action) &&
      ["signer", "log", "recovery"].includes(change.role),
    "change: unknown action or role",
  );
  need(Array.isArray(change.old) && Array.isArray(change.new), "change: not two lists");
  const width = change.role === "log" ? 2 : 1;
  const [goes, comes] = wanted[change.action];
  need(
    change.old.length === goes * width && comes.some((number) => number * width === change.new.length),
    "change: its keys do not fit its action",
  );
  const pick = (texts) =>
    change.role !== "log"
      ? texts.map((line) => parseKeyLine(line).line)
      : texts.length
        ? logPair(texts).map((key) => key.text)
        : [];
  const found = [...pick(change.old), ...pick(change.new)];
  need(new Set(found).size === found.length, "change: a key stands twice");
  if (change.role === "log")
    need(new Set(found.map((text) => text.split("+")[0])).size === 1, "change: a log keeps its origin");
  if (change.action !== "revoke") {
    need(change.trusted_size === null && change.suspected_since === null, "change: only a revocation distrusts");
    return;
  }
  need(
    isNatural(change.trusted_size) && change.trusted_size >= 1 && change.trusted_size <= sequence,
    "change: trusted_size is out of range",
  );
  const since = change.suspected_since;
  need(
    since === null || isTime(since) || (isText(since) && since.length === 10 && isTime(`${since}T00:00:00.000Z`)),
    "change: suspected_since is malformed",
  );
}

function checkStampRefs(stamps, sequence) {
  need(Array.isArray(stamps) && stamps.length >= 1 && stamps.length <= 150, "stamps: 1 to 150");
  for (const stamp of stamps) {
    keysOf(stamp, ["checkpoint", "kind", "file", "digest", "size"], "stamp");
    const match = isText(stamp.file) ? STAMP.exec(stamp.file) : null;
    need(
      match !== null &&
        isText(stamp.kind) &&
        Object.hasOwn(STAMP_ENDINGS, stamp.kind) &&
        STAMP_ENDINGS[stamp.kind].includes(match[2]),
      "stamp: not a file beside a checkpoint",
    );
    need(
      isNatural(stamp.checkpoint) && String(stamp.checkpoint) === match[1] && stamp.checkpoint <= sequence,
      "stamp: of no earlier checkpoint",
    );
    need(isDigest(stamp.digest) && isNatural(stamp.size) && stamp.size > 0, "stamp: digest or size is malformed");
  }
  need(new Set(stamps.map((stamp) => stamp.file)).size === stamps.length, "stamps: a file stands twice");
}

function checkExport(bundle, sequence) {
  keysOf(bundle, ["digest", "size", "sequences"], "bundle");
  need(isDigest(bundle.digest) && isNatural(bundle.size) && bundle.size > 0, "bundle: digest or size is malformed");
  const numbers = bundle.sequences;
  need(Array.isArray(numbers) && numbers.length >= 1 && numbers.length <= 2500, "bundle: 1 to 2,500 sequences");
  numbers.forEach((number, at) =>
    need(
      isNatural(number) && number < sequence && (at === 0 || numbers[at - 1] < number),
      "bundle: sequences do not rise, or lie ahead",
    ),
  );
}

function checkRefs(manifest) {
  const { event, objects } = manifest;
  need(Array.isArray(objects), "objects is not a list");
  need(event !== "genesis" || objects.length === 0, "genesis has no objects");
  const roles = new Set();
  for (const ref of objects) {
    const tree = ref !== null && typeof ref === "object" ? Object.keys(ref)[4] : undefined;
    keysOf(
      ref,
      ["role", "digest", "size", "media_type", ...(tree === "segments" || tree === "leaves" ? [tree] : [])],
      "object",
    );
    need(isText(ref.role) && /^[a-z][a-z0-9-]{0,39}$/.test(ref.role), "role is malformed");
    need(
      isText(ref.media_type) && /^[a-z0-9.+-]{1,60}\/[a-z0-9.+-]{1,60}$/.test(ref.media_type),
      "media_type is malformed",
    );
    need(isDigest(ref.digest) && isNatural(ref.size), "object: digest or size is malformed");
    checkRole(ref, event);
    need(!roles.has(ref.role), "a role stands twice in objects");
    roles.add(ref.role);
  }
  need(roles.has("facts") || !NEEDS_FACTS.has(event), `a ${event} has facts`);
  need(roles.has("warc") === roles.has("segment-secret"), "a warc and its segment-secret go together");
  need(!roles.has("statements") || roles.has("page-text"), "statements need the page text that they are anchored in");
}

function checkRole(ref, event) {
  if (Object.hasOwn(ROLES, ref.role)) {
    const [mediaType, events] = ROLES[ref.role];
    need(ref.media_type === mediaType && (events === null || events.includes(event)), `${ref.role} does not fit here`);
    need(ref.role !== "segment-secret" || ref.size === 32, "a segment-secret has 32 bytes");
  }
  need((ref.segments !== undefined) === (ref.role === "warc"), "segments belong to a warc, and a warc has them");
  need((ref.leaves !== undefined) === (ref.role === "statements"), "leaves belong to statements, and those have them");
  const tree = ref.segments ?? ref.leaves;
  if (tree === undefined) return;
  keysOf(tree, ["count", "root"], "tree");
  need(
    isNatural(tree.count) && isDigest(tree.root) && (tree.count === 0) === (tree.root === EMPTY_TREE),
    "a tree is malformed",
  );
}

const objectOf = (manifest, role) => manifest.objects.find((ref) => ref.role === role) ?? null;
