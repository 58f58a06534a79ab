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
      report.find(
        12,
        "page-not-checked",
        "what the verdicts of a recheck claim was not derived again: archiver verify does that",
        row.name,
        row.sequence,
      );
    }
  }
  const summaries = {
    10: `${count(looked[10], "snapshot")}: digests and segments hold, and the facts agree with the exchanges`,
    11: `${count(looked[11], "reading")}: the body that was read is in the exchanges`,
    12: `${count(looked[12], "statement")}: the words stand in the received bytes`,
  };
  for (const number of [10, 11, 12])
    Object.assign(report.step(number), {
      checked: looked[number],
      empty: looked[number] === 0,
      summary: looked[number] ? summaries[number] : "there was nothing to look at",
    });
}

async function jsonObject(run, step, row, role, version, check) {
  const data = await sealedObject(run, step, row, role);
  if (data === null) return null;
  try {
    refuseNewer(data, version);
    return check(decodeDocument(data));
  } catch (fault) {
    run.report.blame(
      step,
      fault,
      fault.kind === "newer" ? "facts-newer" : "facts-bad",
      row.name,
      "facts-bad",
      row.sequence,
    );
    return null;
  }
}

// Steps 11 and 12 of one reading; the number of statements.
async function checkReading(run, row) {
  const facts = await jsonObject(run, 11, row, "facts", "reading/v1", (value) => {
    keysOf(
      value,
      ["archiver", "by", "source", "kind", "reasons", "article", "readers", "statements", "problems", "salt"],
      "reading",
    );
    need(
      value.archiver === "reading/v1" && isNatural(value.statements) && isSalt(value.salt),
      "reading: a value is malformed",
    );
    if (value.source !== null) {
      keysOf(
        value.source,
        ["record", "digest", "size", "media_type", "codings", "complete", "encoding", "encoding_source", "text"],
        "source",
      );
      need(
        isText(value.source.record) &&
          RECORD_ID.test(value.source.record) &&
          isDigest(value.source.digest) &&
          isNatural(value.source.size),
        "source: a value is malformed",
      );
    }
    return value;
  });
  const body = facts?.source ? await bodyOf(run, row, facts.source) : null;
  const made = facts?.source ? isMade(run, row, facts.source.record) : false;
  const text = objectOf(row.manifest, "page-text") === null ? null : await pageText(run, row);
  if (text !== null)
    run.report.find(
      11,
      "page-not-checked",
      "that the page text is the projection of the body is not derived again by this page: archiver verify does that",
      row.name,
      row.sequence,
    );
  return checkStatements(run, row, facts, text, body, made);
}

// Whether that record is the document after scripts: the collector's browser made it, no server sent it.
function isMade(run, row, id) {
  const snapshot = run.byDigest.get(row.manifest.subject);
  const records = run.warcs.get(snapshot)?.records ?? (run.pieces.get(snapshot) ?? []).map((piece) => piece.record);
  return records.some(
    (record) =>
      record?.get("warc-record-id") === id &&
      record.get("warc-type") === "resource" &&
      (record.get("warc-target-uri") ?? "").startsWith("urn:dom:"),
  );
}

async function bodyOf(run, row, source) {
  const { report } = run;
  const snapshot = run.byDigest.get(row.manifest.subject);
  if (run.pieces.has(snapshot)) return bodyInPart(run, row, source, run.pieces.get(snapshot));
  const stored = run.warcs.get(snapshot);
  if (stored === undefined) {
    report.find(
      11,
      "content-not-checked",
      "the body that was read cannot be derived again: there is no WARC here",
      row.name,
      row.sequence,
    );
    return null;
  }
  const record = stored.records.find((item) => item.get("warc-record-id") === source.record);
  if (record === undefined) {
    report.find(11, "source-differs", `no record ${source.record} in the WARC`, row.name, row.sequence);
    return null;
  }
  const { body, sure } = await decodedBody(stored.data, record);
  if (body === null) {
    report.find(
      11,
      "source-not-checked",
      "the body is coded in a way, or damaged, so that this page cannot decode it",
      row.name,
      row.sequence,
    );
    return null;
  }
  if (body.length !== source.size || (await digestOf(body)) !== source.digest) {
    report.find(
      11,
      source.complete && sure ? "source-differs" : "source-not-checked",
      "the body in the WARC is not the one that the reading names",
      row.name,
      row.sequence,
    );
    return null;
  }
  return body;
}

// Of a WARC in part: the record that the reading names, or whatever has the body that it names.
async function bodyInPart(run, row, source, pieces) {
  for (const { data, record } of pieces) {
    if (record !== null && record.get("warc-record-id") !== source.record) continue;
    const read = record ?? { block: data, http: true, parts: cutBlock({ block: data, http: true }, 0) };
    for (const body of [(await decodedBody(data, read)).body, record === null ? data : null]) {
      if (body === null || body.length !== source.size || (await digestOf(body)) !== source.digest) continue;
      if (record === null)
        run.report.find(
          11,
          "source-unnamed",
          "the body that was read is here, proven to be part of the WARC; which exchange it belongs to is not",
          row.name,
          row.sequence,
        );
      return body;
    }
    if (record !== null)
      run.report.find(
        11,
        "source-not-checked",
        "the body of the record that the reading names is another one, or could not be decoded by this page",
        row.name,
        row.sequence,
      );
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
    const match = /^page-text\/v([1-9][0-9]{0,8}) ([A-Za-z0-9+/]{22}==)$/.exec(
      latin1(data.subarray(0, Math.max(feed, 0))),
    );
    need(match !== null && data.length <= MAX_TEXT, "not a page text");
    if (match[1] !== "1") throw new Fault("newer", "a page text of a later version");
    const text = fromUtf8(data.subarray(feed + 1), "page text");
    need(text.endsWith("\n"), "a page text without a line feed at its end");
    return Array.from(text.slice(0, -1));
  } catch (fault) {
    run.report.blame(
      11,
      fault,
      fault.kind === "newer" ? "facts-newer" : "text-bad",
      row.name,
      "text-bad",
      row.sequence,
    );
    return null;
  }
}
