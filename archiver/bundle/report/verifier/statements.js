// Step 12: the lines of a statements object, their tree, and each statement's words in the page text and in the bytes.

const STATEMENT = [
  "archiver",
  "id",
  "kind",
  "text",
  "speaker",
  "role",
  "cue",
  "addressee",
  "when",
  "where",
  "via",
  "polarity",
  "by",
  "confidence",
  "parts",
  "salt",
];

async function checkStatements(run, row, facts, text, body, made) {
  const { report } = run;
  const ref = objectOf(row.manifest, "statements");
  if (ref === null) {
    if (facts !== null && facts.statements > 0)
      report.find(12, "content-not-checked", "the manifest names no statements", row.name, row.sequence);
    return 0;
  }
  const whole = !run.parts.has(ref.digest);
  const found = whole
    ? await statementLines(run, row, ref)
    : run.parts
        .get(ref.digest)
        .filter((entry) => entry.data !== undefined)
        .map((entry) => [entry.index, entry.data]);
  if (found === null) return 0;
  const listed = report.findings.some(({ code, sequence }) => code === "statements-root" && sequence === row.sequence)
    ? FAILED
    : PASSED;
  let pairs;
  try {
    pairs = parseLines(found, whole);
    if (whole && facts !== null)
      need(pairs.length === facts.statements, `${pairs.length} statements, the facts say ${facts.statements}`);
  } catch (fault) {
    report.blame(
      12,
      fault,
      fault.kind === "newer" ? "facts-newer" : "statements-bad",
      row.name,
      "statements-bad",
      row.sequence,
    );
    return 0;
  }
  for (const [statement, context] of pairs) {
    const words = { listed, text: NOT_CHECKED, bytes: NOT_CHECKED };
    if (text !== null) words.text = judge(run, row, () => wordsInText(text, statement, context));
    if (body !== null)
      words[made ? "made" : "bytes"] = judge(run, row, () => wordsInBytes(body, facts.source.encoding, statement));
    report.statements.push({ ref: `${row.sequence}#${statement.id}`, statement, words });
  }
  if (made && pairs.length)
    report.find(
      12,
      "statement-rendered",
      `${count(pairs.length, "statement")} stand in the document after scripts, which the collector's browser made`,
      row.name,
      row.sequence,
    );
  const open = report.statements.filter(
    ({ ref: name, words }) => name.startsWith(`${row.sequence}#`) && words.bytes !== PASSED,
  ).length;
  if (open)
    report.find(
      12,
      "content-not-checked",
      `${count(open, "statement")}, listed by the collector: passed; in the received bytes: not checked by this page`,
      row.name,
      row.sequence,
    );
  if (open < pairs.length)
    report.find(
      12,
      "page-not-checked",
      "that these bytes are text of the page (and stand in no script or comment) is not checked by this page: archiver verify does that",
      row.name,
      row.sequence,
    );
  return pairs.length;
}

function judge(run, row, check) {
  try {
    return check();
  } catch (fault) {
    run.report.blame(12, fault, "statement-differs", row.name, "statement-differs", row.sequence);
    return FAILED;
  }
}

async function statementLines(run, row, ref) {
  const data = await sealedObject(run, 12, row, "statements");
  if (data === null) return null;
  const found = [];
  for (let place = 0; place < data.length;) {
    const feed = data.indexOf(10, place);
    if (feed < 0 || found.length >= 200000) {
      run.report.find(12, "statements-bad", "a line without a line feed, or too many lines", row.name, row.sequence);
      return null;
    }
    found.push([found.length, data.subarray(place, feed)]);
    place = feed + 1;
  }
  const root = `sha256:${hex(treeRoot(found.map(([, line]) => leafHash(line))))}`;
  if (found.length !== ref.leaves.count || root !== ref.leaves.root)
    run.report.find(12, "statements-root", "the lines do not give the root in the manifest", row.name, row.sequence);
  return found;
}

// Pairs of statement and context; a context may be missing where lines are shown one by one.
function parseLines(found, whole) {
  const pairs = [];
  let before = -1;
  for (const [index, line] of found) {
    const isContext = latin1(line.subarray(0, 24)).startsWith('{"archiver":"context/');
    refuseNewer(line, isContext ? "context/v1" : "statement/v1");
    const value = decodeLine(line);
    need((index % 2 === 1) === isContext, `line ${index} is not what stands there`);
    if (!isContext) pairs.push([checkStatement(value), null]);
    else {
      need(before === index - 1, `line ${index}: a context without its statement`);
      checkContext(value);
      const last = pairs.at(-1);
      need(
        last !== undefined &&
          last[1] === null &&
          last[0].id === value.id &&
          last[0].parts.length === value.parts.length,
        "a context that belongs to no statement",
      );
      last[1] = value;
    }
    before = index;
  }
  if (whole)
    need(
      pairs.every(([, context]) => context !== null),
      "a statement without its context",
    );
  pairs.forEach(([{ id }], at) =>
    need(at === 0 || Number(pairs[at - 1][0].id.slice(1)) < Number(id.slice(1)), "the ids of statements do not rise"),
  );
  return pairs;
}

const isRange = (value) => Array.isArray(value) && value.length === 2 && value.every(isNatural) && value[0] < value[1];
const isMaybe = (value) => value === null || isText(value);

function checkStatement(value) {
  keysOf(value, STATEMENT, "statement");
  need(
    value.archiver === "statement/v1" && isText(value.id) && /^s[1-9][0-9]{0,8}$/.test(value.id) && isSalt(value.salt),
    "statement: id or salt is malformed",
  );
  need(
    ["direct", "mixed", "indirect"].includes(value.kind) &&
      ["affirmed", "denied"].includes(value.polarity) &&
      ["rule", "person"].includes(value.by),
    "statement: an unknown word",
  );
  need(
    [value.role, value.cue, value.addressee, value.when, value.where, value.via].every(isMaybe) &&
      isNatural(value.confidence) &&
      value.confidence <= 100,
    "statement: a value is malformed",
  );
  if (value.speaker !== null) {
    keysOf(value.speaker, ["name", "mention"], "speaker");
    need(
      isText(value.speaker.name) &&
        value.speaker.name !== "" &&
        (value.speaker.mention === null || isRange(value.speaker.mention)),
      "speaker is malformed",
    );
  }
  need(Array.isArray(value.parts) && value.parts.length > 0, "a statement without parts");
  for (const part of value.parts) {
    keysOf(part, ["exact", "text", "bytes", "digest"], "part");
    need(isText(part.exact) && part.exact !== "" && isRange(part.text), "part: words or place are malformed");
    need(
      (part.bytes === null && part.digest === null) || (isRange(part.bytes) && isDigest(part.digest)),
      "part: bytes and digest go together",
    );
  }
  need(value.text === value.parts.map((part) => part.exact).join(" "), "statement: its text is not that of its parts");
  return value;
}

function checkContext(value) {
  keysOf(value, ["archiver", "id", "parts", "salt"], "context");
  need(value.archiver === "context/v1" && isSalt(value.salt) && Array.isArray(value.parts), "context is malformed");
  value.parts.forEach((part) =>
    need(isText(keysOf(part, ["prefix", "suffix"], "context").prefix) && isText(part.suffix), "context is malformed"),
  );
}

function wordsInText(text, statement, context) {
  let reached = 0;
  statement.parts.forEach((part, at) => {
    const [low, high] = part.text;
    if (low < reached) throw wrong(`${statement.id}: its parts are not in the order in which they stand on the page`);
    if (high > text.length || text.slice(low, high).join("") !== part.exact)
      throw wrong(`${statement.id}: the page text does not have these words at its anchor`);
    reached = high;
    if (context === null) return;
    const { prefix, suffix } = context.parts[at];
    const [before, after] = [Array.from(prefix).length, Array.from(suffix).length];
    if (
      text.slice(Math.max(0, low - before), low).join("") !== prefix ||
      text.slice(high, high + after).join("") !== suffix
    )
      throw wrong(`${statement.id}: the words around it are not those in the page text`);
  });
  const mention = statement.speaker?.mention ?? null;
  if (mention !== null && mention[1] > text.length)
    throw wrong(`${statement.id}: the speaker's mention lies outside the page text`);
  return PASSED;
}

// passed: the anchored bytes, decoded and without markup, are the words, white space aside.
function wordsInBytes(body, encoding, statement) {
  let outcome = PASSED;
  for (const part of statement.parts) {
    if (part.bytes === null) {
      outcome = NOT_CHECKED;
      continue;
    }
    const [low, high] = part.bytes;
    if (high > body.length) throw wrong(`${statement.id}: its bytes lie outside the body`);
    const slice = body.subarray(low, high);
    if (digestSync(slice) !== part.digest) throw wrong(`${statement.id}: the bytes at its anchor have another digest`);
    const found = plainWords(slice, encoding);
    const wanted = part.exact.replace(/[\t\n\f\r ]/g, "");
    if (found.text === wanted) continue;
    if (found.sure) throw wrong(`${statement.id}: the bytes at its anchor are other words`);
    outcome = NOT_CHECKED;
  }
  return outcome;
}

const ENTITIES = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
  shy: "\u00ad",
  ndash: "\u2013",
  mdash: "\u2014",
  hellip: "\u2026",
  lsquo: "\u2018",
  rsquo: "\u2019",
  sbquo: "\u201a",
  ldquo: "\u201c",
  rdquo: "\u201d",
  bdquo: "\u201e",
  laquo: "\u00ab",
  raquo: "\u00bb",
  lsaquo: "\u2039",
  rsaquo: "\u203a",
};

// A slice without tags and with the commonest references decoded; `sure` if there was no markup to get wrong.
function plainWords(slice, encoding) {
  let source;
  try {
    source = new TextDecoder(encoding ?? "windows-1252", { ignoreBOM: true }).decode(slice);
  } catch {
    return { text: null, sure: false }; // an encoding that this browser does not know
  }
  const sure = encoding === "utf-8" && !/[<&\u0000]/.test(source);
  const text = source
    .replace(/<!-{2}.*?-->|<\/?[A-Za-z][^<>]*>/gs, "")
    .replace(/&(?:#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([a-z]{2,6}));/g, (whole, decimal, hexadecimal, name) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      const point = decimal !== undefined ? Number(decimal) : parseInt(hexadecimal, 16);
      return point > 159 && point < 0xd800
        ? String.fromCodePoint(point)
        : point >= 32 && point < 127
          ? String.fromCodePoint(point)
          : whole;
    })
    .replace(/[\t\n\f\r ]/g, "");
  return { text, sure };
}
