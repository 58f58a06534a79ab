// Steps 10 to 12, as far as a page can: exchanges, the body that was read, and each statement's words in these bytes.
// What needs the whole projection of HTML (docs/formats/page-text.md) is said to be not checked here.

const MAX_TEXT = 96 << 20;
const RECORD_ID = /^<urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}>$/;

// An object's bytes, if they are here and those that were sealed.
async function sealedObject(run, step, row, role) {
  const ref = objectOf(row.manifest, role);
  const name = ref === null ? null : inData(objectPath(ref.digest));
  if (ref === null || !run.container.has(name)) {
    run.report.find(step, "content-not-checked", `${role} is not here`, row.name, row.sequence);
    return null;
  }
  if (run.container.size(name) > MAX_WARC) {
    run.report.find(step, "page-not-checked", `${role} is larger than this page reads at once`, name, row.sequence);
    return null;
  }
  const data = await run.read(name, MAX_WARC);
  if ((await digestOf(data)) === ref.digest) return data;
  run.report.find(step, "content-not-checked", `${role} is not what was sealed (step 9)`, name, row.sequence);
  return null;
}

async function checkContent(run) {
  const { report } = run;
  const selected = new Set(run.record?.selected ?? []);
  const looked = { 10: 0, 11: 0, 12: 0 };
  run.warcs = new Map(); // sequence -> {data, records}
  run.pieces = new Map(); // sequence -> what recordsInPart gives
  for (const row of run.rows.values()) {
    if (!selected.has(row.sequence) || row.manifest === null) continue;
    if (row.manifest.event === "snapshot" || row.manifest.event === "import") {
      looked[10] += 1;
      await checkExchanges(run, row);
    }
  }
  for (const row of run.rows.values()) {
    if (selected.has(row.sequence) && row.manifest?.event === "reading") {
      looked[11] += 1;
      looked[12] += await checkReading(run, row);
    }
    if (selected.has(row.sequence) && row.manifest?.event === "recheck") {
      report.find(12, "page-not-checked", "what the verdicts of a recheck claim was not derived again: archiver verify does that", row.name, row.sequence);
    }
  }
  const summaries = {
    10: `${count(looked[10], "snapshot")}: digests and segments hold, and the facts agree with the exchanges`,
    11: `${count(looked[11], "reading")}: the body that was read is in the exchanges`,
    12: `${count(looked[12], "statement")}: the words stand in the received bytes`,
  };
  for (const number of [10, 11, 12]) Object.assign(report.step(number), { checked: looked[number], empty: looked[number] === 0, summary: looked[number] ? summaries[number] : "there was nothing to look at" });
}

async function jsonObject(run, step, row, role, version, check) {
  const data = await sealedObject(run, step, row, role);
  if (data === null) return null;
  try {
    refuseNewer(data, version);
    return check(decodeDocument(data));
  } catch (fault) {
    run.report.blame(step, fault, fault.kind === "newer" ? "facts-newer" : "facts-bad", row.name, "facts-bad", row.sequence);
    return null;
  }
}

async function checkExchanges(run, row) {
  const { report } = run;
  const imported = row.manifest.event === "import";
  const facts = imported ? null : await jsonObject(run, 10, row, "facts", "facts/v1", checkFacts);
  if (imported) report.find(10, "page-not-checked", "what was imported is not looked into by this page", row.name, row.sequence);
  if (objectOf(row.manifest, "warc") === null) return;
  if (run.parts.has(objectOf(row.manifest, "warc").digest)) {
    await checkExchangesInPart(run, row);
    return;
  }
  const data = await sealedObject(run, 10, row, "warc");
  if (data === null) return;
  const ref = objectOf(row.manifest, "warc");
  const name = inData(objectPath(ref.digest));
  try {
    const records = readRecords(data);
    run.warcs.set(row.sequence, { data, records });
    for (const message of await wrongDigests(data, records)) report.find(10, "warc-digest", message, name, row.sequence);
    const secret = await sealedObject(run, 10, row, "segment-secret");
    if (secret !== null) {
      const tree = await segmentTree(data, records, secret);
      if (tree.count !== ref.segments.count || tree.root !== ref.segments.root) report.find(10, "segments-root", "the segments do not give the root in the manifest", name, row.sequence);
    }
    if (facts !== null) for (const message of compareFacts(data, records, facts)) report.find(10, "facts-differ", message, name, row.sequence);
  } catch (fault) {
    report.blame(10, fault, "warc-bad", name, "warc-bad", row.sequence);
  }
}

// A WARC of which something is withheld: the records that are here whole, each by itself.
async function checkExchangesInPart(run, row) {
  const { digest } = objectOf(row.manifest, "warc");
  try {
    const found = recordsInPart(run.parts.get(digest));
    run.pieces.set(row.sequence, found);
    for (const { data, record } of found) {
      if (record === null) continue;
      for (const message of await wrongDigests(data, [record])) run.report.find(10, "warc-digest", message, partsPath(digest), row.sequence);
    }
  } catch (fault) {
    run.report.blame(10, fault, "warc-bad", partsPath(digest), "warc-bad", row.sequence);
  }
  run.report.find(10, "content-not-checked", "parts of the WARC are withheld: the facts were not compared with it by this page", partsPath(digest), row.sequence);
}

const HOP = ["url", "status", "reason", "http", "location", "ip", "port", "via_proxy", "tls", "started", "received", "truncated", "problems", "record"];
const FACTS = ["archiver", "run", "origin", "collector", "case", "note", "tags", "request", "file", "started", "ended", "attempts", "outcome", "final_url", "hops", "clock", "software", "complete", "missing", "transformations", "errors", "salt"];

function checkFacts(facts) {
  keysOf(facts, FACTS, "facts");
  need(facts.archiver === "facts/v1" && isSalt(facts.salt) && isTime(facts.started) && isTime(facts.ended), "facts: a value is malformed");
  const local = facts.origin === "local file";
  need((local || facts.origin === "live web") && local === (facts.outcome === "file") && local === (facts.file !== null) && local === (facts.request === null), "facts: origin, outcome, file and request do not fit");
  need(Array.isArray(facts.hops) && (!local || (facts.hops.length === 0 && facts.final_url === null)), "facts: hops do not fit");
  for (const hop of facts.hops) {
    keysOf(hop, HOP, "hop");
    need(isText(hop.url) && isTime(hop.started) && isNatural(hop.received), "hop: a value is malformed");
    if (hop.tls !== null) {
      keysOf(hop.tls, ["version", "cipher", "chain", "verified", "error"], "tls");
      need(isText(hop.tls.version) && Array.isArray(hop.tls.chain) && hop.tls.chain.every(isDigest), "tls: a value is malformed");
    }
  }
  return facts;
}

function* compareFacts(data, records, facts) {
  const stored = records.filter((record) => ["response", "resource", "revisit"].includes(record.get("warc-type")));
  if (facts.outcome === "file") {
    if (stored.length !== 1 || stored[0].get("warc-type") !== "resource") yield "not exactly one file is stored";
    else if (stored[0].block.length !== facts.file.size || stored[0].get("content-type") !== facts.file.media_type) yield "size or media type of the file differ";
    return;
  }
  if (stored.length !== facts.hops.length) yield `${stored.length} responses are stored, the facts list ${facts.hops.length}`;
  const chains = new Map(records.filter((record) => record.get("content-type") === "application/pem-certificate-chain").map((record) => [record.get("warc-refers-to"), record]));
  for (const [at, record] of stored.entries()) {
    const hop = facts.hops[at];
    if (hop === undefined) return;
    for (const [what, there, said] of hopPairs(data, record, chains.get(record.get("warc-record-id")), hop)) {
      if (there !== said) yield `hop ${at + 1}: ${what} is ${there} in the exchange, ${said} in the facts`;
    }
  }
}

function* hopPairs(data, record, chain, hop) {
  const spoken = [hop.http === null ? [] : [hop.http.toLowerCase()], hop.tls === null ? [] : [hop.tls.version.toLowerCase().replace("tlsv", "tls/")]].flat();
  yield ["record", record.get("warc-record-id"), hop.record];
  yield ["url", record.get("warc-target-uri"), hop.url];
  yield ["ip", record.get("warc-ip-address"), hop.ip];
  yield ["date", record.get("warc-date"), hop.started];
  yield ["truncated", record.get("warc-truncated"), hop.truncated];
  yield ["received", record.block.length, hop.received];
  yield ["protocols", (record.fields.get("warc-protocol") ?? []).join(), spoken.join()];
  yield ["cipher", record.get("warc-cipher-suite"), hop.tls?.cipher ?? null];
  yield ["certificates", certificates(chain).join(), (hop.tls?.chain ?? []).join()];
  const head = finalHead(data, record);
  if (head === null) return;
  yield ["status", head.status, hop.status];
  yield ["reason", cleaned(head.reason), hop.reason ?? ""];
  yield ["location", cleaned(head.get("location") ?? "") || null, hop.location];
}

const cleaned = (text) => text.replace(/\r\n?/g, "\n").replaceAll("\t", " ").replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "\ufffd");

function certificates(record) {
  if (record === undefined) return [];
  const found = latin1(record.block).matchAll(/-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]*)-----END CERTIFICATE-----\n/g);
  return [...found].map(([, text]) => digestSync(fromBase64(text.replaceAll("\n", ""), "a certificate")));
}

// Steps 11 and 12 of one reading; the number of statements.
async function checkReading(run, row) {
  const facts = await jsonObject(run, 11, row, "facts", "reading/v1", (value) => {
    keysOf(value, ["archiver", "by", "source", "kind", "reasons", "article", "readers", "statements", "problems", "salt"], "reading");
    need(value.archiver === "reading/v1" && isNatural(value.statements) && isSalt(value.salt), "reading: a value is malformed");
    if (value.source !== null) {
      keysOf(value.source, ["record", "digest", "size", "media_type", "codings", "complete", "encoding", "encoding_source", "text"], "source");
      need(isText(value.source.record) && RECORD_ID.test(value.source.record) && isDigest(value.source.digest) && isNatural(value.source.size), "source: a value is malformed");
    }
    return value;
  });
  const body = facts?.source ? await bodyOf(run, row, facts.source) : null;
  const text = objectOf(row.manifest, "page-text") === null ? null : await pageText(run, row);
  if (text !== null) run.report.find(11, "page-not-checked", "that the page text is the projection of the body is not derived again by this page: archiver verify does that", row.name, row.sequence);
  return checkStatements(run, row, facts, text, body);
}

async function bodyOf(run, row, source) {
  const { report } = run;
  const snapshot = run.byDigest.get(row.manifest.subject);
  if (run.pieces.has(snapshot)) return bodyInPart(run, row, source, run.pieces.get(snapshot));
  const stored = run.warcs.get(snapshot);
  if (stored === undefined) {
    report.find(11, "content-not-checked", "the body that was read cannot be derived again: there is no WARC here", row.name, row.sequence);
    return null;
  }
  const record = stored.records.find((item) => item.get("warc-record-id") === source.record);
  if (record === undefined) {
    report.find(11, "source-differs", `no record ${source.record} in the WARC`, row.name, row.sequence);
    return null;
  }
  const body = await decodedBody(stored.data, record);
  if (body === null) {
    report.find(11, "source-not-checked", "the body is coded in a way, or damaged, so that this page cannot decode it", row.name, row.sequence);
    return null;
  }
  if (body.length !== source.size || (await digestOf(body)) !== source.digest) {
    report.find(11, source.complete ? "source-differs" : "source-not-checked", "the body in the WARC is not the one that the reading names", row.name, row.sequence);
    return null;
  }
  return body;
}

// Of a WARC in part: the record that the reading names, or whatever has the body that it names.
async function bodyInPart(run, row, source, pieces) {
  for (const { data, record } of pieces) {
    if (record !== null && record.get("warc-record-id") !== source.record) continue;
    const read = record ?? { block: data, http: true, parts: cutBlock({ block: data, http: true }, 0) };
    for (const body of [await decodedBody(data, read), record === null ? data : null]) {
      if (body === null || body.length !== source.size || (await digestOf(body)) !== source.digest) continue;
      if (record === null) run.report.find(11, "source-unnamed", "the body that was read is here, proven to be part of the WARC; which exchange it belongs to is not", row.name, row.sequence);
      return body;
    }
    if (record !== null) run.report.find(11, "source-not-checked", "the body of the record that the reading names is another one, or could not be decoded by this page", row.name, row.sequence);
  }
  run.report.find(11, "content-not-checked", "the body that was read is withheld", row.name, row.sequence);
  return null;
}

// The page text, as code points.
async function pageText(run, row) {
  const data = await sealedObject(run, 11, row, "page-text");
  if (data === null) return null;
  try {
    const feed = data.indexOf(10);
    const match = /^page-text\/v([1-9][0-9]{0,8}) ([A-Za-z0-9+/]{22}==)$/.exec(latin1(data.subarray(0, Math.max(feed, 0))));
    need(match !== null && data.length <= MAX_TEXT, "not a page text");
    if (match[1] !== "1") throw new Fault("newer", "a page text of a later version");
    const text = fromUtf8(data.subarray(feed + 1), "page text");
    need(text.endsWith("\n"), "a page text without a line feed at its end");
    return Array.from(text.slice(0, -1));
  } catch (fault) {
    run.report.blame(11, fault, fault.kind === "newer" ? "facts-newer" : "text-bad", row.name, "text-bad", row.sequence);
    return null;
  }
}
