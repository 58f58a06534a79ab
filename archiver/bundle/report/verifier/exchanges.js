// Step 10: the WARC of a snapshot holds together, and the facts say what its exchanges say.

async function checkExchanges(run, row) {
  const { report } = run;
  const imported = row.manifest.event === "import";
  const facts = imported ? null : await jsonObject(run, 10, row, "facts", "facts/v1", checkFacts);
  if (imported)
    report.find(10, "page-not-checked", "what was imported is not looked into by this page", row.name, row.sequence);
  if (facts !== null) await checkRendering(run, row, facts);
  if (objectOf(row.manifest, "warc") === null) {
    if (facts !== null && (facts.outcome !== "no response" || facts.hops.length))
      run.report.find(
        10,
        "facts-differ",
        "the facts speak of something received, and there is no WARC",
        row.name,
        row.sequence,
      );
    return;
  }
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
    for (const message of await wrongDigests(data, records))
      report.find(10, "warc-digest", message, name, row.sequence);
    const secret = await sealedObject(run, 10, row, "segment-secret");
    if (secret !== null) {
      const tree = await segmentTree(data, records, secret);
      if (tree.count !== ref.segments.count || tree.root !== ref.segments.root)
        report.find(10, "segments-root", "the segments do not give the root in the manifest", name, row.sequence);
    }
    if (facts !== null)
      for (const message of compareFacts(data, records, facts))
        report.find(10, "facts-differ", message, name, row.sequence);
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
      for (const message of await wrongDigests(data, [record]))
        run.report.find(10, "warc-digest", message, partsPath(digest), row.sequence);
    }
  } catch (fault) {
    run.report.blame(10, fault, "warc-bad", partsPath(digest), "warc-bad", row.sequence);
  }
  run.report.find(
    10,
    "content-not-checked",
    "parts of the WARC are withheld: the facts were not compared with it by this page",
    partsPath(digest),
    row.sequence,
  );
}

const HOP = [
  "url",
  "status",
  "reason",
  "http",
  "location",
  "ip",
  "port",
  "via_proxy",
  "tls",
  "started",
  "received",
  "truncated",
  "problems",
  "record",
];
const FACTS = [
  "archiver",
  "run",
  "origin",
  "collector",
  "case",
  "note",
  "tags",
  "request",
  "file",
  "started",
  "ended",
  "attempts",
  "outcome",
  "final_url",
  "hops",
  "clock",
  "software",
  "complete",
  "missing",
  "transformations",
  "errors",
  "salt",
];

function checkFacts(facts) {
  keysOf(facts, FACTS, "facts");
  need(
    facts.archiver === "facts/v1" && isSalt(facts.salt) && isTime(facts.started) && isTime(facts.ended),
    "facts: a value is malformed",
  );
  const local = facts.origin === "local file";
  need(
    (local || facts.origin === "live web") &&
      local === (facts.outcome === "file") &&
      local === (facts.file !== null) &&
      local === (facts.request === null),
    "facts: origin, outcome, file and request do not fit",
  );
  need(
    Array.isArray(facts.hops) && (!local || (facts.hops.length === 0 && facts.final_url === null)),
    "facts: hops do not fit",
  );
  for (const hop of facts.hops) {
    keysOf(hop, HOP, "hop");
    need(isText(hop.url) && isTime(hop.started) && isNatural(hop.received), "hop: a value is malformed");
    if (hop.tls !== null) {
      keysOf(hop.tls, ["version", "cipher", "chain", "verified", "error"], "tls");
      need(
        isText(hop.tls.version) && Array.isArray(hop.tls.chain) && hop.tls.chain.every(isDigest),
        "tls: a value is malformed",
      );
    }
  }
  return facts;
}

// A browser's visit (docs/formats/rendered.md): its hops are all that the page asked for.
const isRendered = (facts) => facts.software?.settings?.mode === "browser";

// The hop that brought the page, among others that it named or asked for.
function documentOf(facts) {
  if (!["browser", "requisites"].includes(facts.software?.settings?.mode)) return facts.hops.at(-1) ?? null;
  return facts.hops.find((hop) => hop.url === facts.final_url && hop.location === null) ?? null;
}

async function checkRendering(run, row, facts) {
  const there = objectOf(row.manifest, "rendering") !== null;
  if (isRendered(facts) !== there)
    run.report.find(
      10,
      "facts-differ",
      "the facts and the records of a browser's visit do not speak of the same",
      row.name,
      row.sequence,
    );
  if (!there) return;
  const found = await jsonObject(run, 10, row, "rendering", "rendering/v1", (value) => {
    need(value?.archiver === "rendering/v1", "not a rendering/v1");
    return value;
  });
  if (found !== null && isRendered(facts) && found.document !== (documentOf(facts)?.record ?? null)) {
    run.report.find(
      10,
      "facts-differ",
      "the rendering names another response as the page than the facts do",
      row.name,
      row.sequence,
    );
  }
}

function* compareFacts(data, records, facts) {
  const stored = records.filter((record) => ["response", "resource", "revisit"].includes(record.get("warc-type")));
  if (isRendered(facts) && stored.at(-1)?.get("warc-type") === "resource") stored.pop(); // the document after scripts
  if (facts.outcome === "file") {
    if (stored.length !== 1 || stored[0].get("warc-type") !== "resource") yield "not exactly one file is stored";
    else if (stored[0].block.length !== facts.file.size || stored[0].get("content-type") !== facts.file.media_type)
      yield "size or media type of the file differ";
    return;
  }
  yield* compareVisit(facts);
  if (stored.length !== facts.hops.length)
    yield `${stored.length} responses are stored, the facts list ${facts.hops.length}`;
  const chains = new Map(
    records
      .filter((record) => record.get("content-type") === "application/pem-certificate-chain")
      .map((record) => [record.get("warc-refers-to"), record]),
  );
  for (const [at, record] of stored.entries()) {
    const hop = facts.hops[at];
    if (hop === undefined) return;
    for (const [what, there, said] of hopPairs(data, record, chains.get(record.get("warc-record-id")), hop)) {
      if (there !== said) yield `hop ${at + 1}: ${what} is ${there} in the exchange, ${said} in the facts`;
    }
  }
}

function* hopPairs(data, record, chain, hop) {
  const spoken = [
    hop.http === null ? [] : [hop.http.toLowerCase()],
    hop.tls === null ? [] : [hop.tls.version.toLowerCase().replace("tlsv", "tls/")],
  ].flat();
  yield ["type", record.get("warc-type"), "response"];
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

// What the facts say of the whole visit, beside its hops.
function* compareVisit(facts) {
  const page = documentOf(facts);
  if (facts.hops.length && (page !== null && page.status !== null) !== (facts.outcome === "response"))
    yield `the outcome ${facts.outcome} does not fit the last exchange`;
  const addresses = [...facts.hops.map((hop) => hop.url), facts.request?.url];
  if (facts.final_url !== null && !addresses.includes(facts.final_url))
    yield `no exchange has the final address ${facts.final_url}`;
}

const cleaned = (text) =>
  text
    .replace(/\r\n?/g, "\n")
    .replaceAll("\t", " ")
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "\ufffd");

function certificates(record) {
  if (record === undefined) return [];
  const found = latin1(record.block).matchAll(
    /-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]*)-----END CERTIFICATE-----\n/g,
  );
  return [...found].map(([, text]) => digestSync(fromBase64(text.replaceAll("\n", ""), "a certificate")));
}
