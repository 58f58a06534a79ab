// The WARC of a snapshot: records, digests, segments, and the body of a record: docs/formats/warc.md.

const MAX_WARC = 256 << 20; // bytes that this page reads at once
const CRLF2 = Uint8Array.of(13, 10, 13, 10);

// Each record: {offset, header, fields, block, segments}, a segment being [kind, start, end].
function readRecords(data) {
  const records = [];
  const ids = new Set();
  for (let place = 0; place < data.length;) {
    const end = indexOf(data, CRLF2, place, Math.min(data.length, place + 65536)) + 4;
    need(end >= 4, `no WARC record at byte ${place}`);
    const fields = parseHeader(fromUtf8(data.subarray(place, end - 4), "WARC header"));
    const length = Number(fields.get("content-length")?.[0]);
    need(Number.isSafeInteger(length) && end + length + 4 <= data.length, `the record at byte ${place} is cut short`);
    need(same(data.subarray(end + length, end + length + 4), CRLF2), `the record at byte ${place} has no trailer`);
    const record = {
      offset: place,
      fields,
      block: data.subarray(end, end + length),
      get: (name) => fields.get(name)?.[0] ?? null,
    };
    need(!ids.has(record.get("warc-record-id")) && records.length < 100000, "two records of one id, or too many");
    ids.add(record.get("warc-record-id"));
    record.http =
      (record.get("content-type") ?? "").split(";")[0].replace(/\s/g, "").toLowerCase() === "application/http";
    record.parts = [["warc-header", place, end], ...cutBlock(record, end), ["trailer", end + length, end + length + 4]];
    records.push(record);
    place = end + length + 4;
  }
  return records;
}

function parseHeader(text) {
  const [version, ...rows] = text.split("\r\n");
  need(version === "WARC/1.1", "not WARC/1.1");
  need(rows.length <= 64, "a WARC header of more than 64 fields");
  const fields = new Map();
  for (const row of rows) {
    const match = /^([A-Za-z-]+): (\S(?:.*\S)?)$/u.exec(row);
    need(
      match !== null && !/[\u0000-\u001f\u007f\u2028\u2029]/.test(row),
      "a WARC header line is not as archiver writes it",
    );
    const name = match[1].toLowerCase();
    need(!fields.has(name) || name === "warc-concurrent-to" || name === "warc-protocol", `${match[1]} stands twice`);
    fields.set(name, [...(fields.get(name) ?? []), match[2]]);
  }
  return fields;
}

const INTERIM = /^HTTP\/[0-9.]{1,8}[ \t]{1,8}1(?!01)[0-9][0-9](?:[ \t\r\n]|$)/;

// Rules 1 to 6 of "Segments".
function cutBlock({ block, http }, base) {
  if (!http) return block.length ? [["body", base, base + block.length]] : [];
  const parts = [];
  let [place, rows, inHead, interim, afterInterim] = [0, 0, false, false, false];
  while (place < block.length && rows < 4096) {
    const feed = block.indexOf(10, place);
    const end = feed < 0 ? block.length : feed + 1;
    const first = latin1(block.subarray(place, Math.min(end, place + 40)));
    if (afterInterim && !inHead && !first.startsWith("HTTP/")) break;
    rows += 1;
    const empty = first === "\r\n" || first === "\n";
    if (empty) {
      parts.push(["end-of-head", base + place, base + end]);
      place = end;
      if (!interim) break;
      [inHead, interim, afterInterim] = [false, false, true];
      continue;
    }
    const last = parts.at(-1);
    if (!inHead) {
      [inHead, interim] = [true, INTERIM.test(first)];
      parts.push(["start-line", base + place, base + end]);
    } else if (/^[ \t]/.test(first) && last[0] === "field") {
      last[2] = base + end;
    } else {
      parts.push(["field", base + place, base + end]);
    }
    place = end;
  }
  if (place < block.length) parts.push(["body", base + place, base + block.length]);
  return parts;
}

async function segmentTree(data, records, secret) {
  const leaves = [];
  for (const record of records) {
    for (const [, start, end] of record.parts) {
      const salt = noble.hmac(noble.sha256, secret, uint64(leaves.length));
      leaves.push(await sha256(join(Uint8Array.of(0), salt, data.subarray(start, end))));
    }
  }
  return { count: leaves.length, root: `sha256:${hex(treeRoot(leaves))}` };
}

async function wrongDigests(data, records) {
  const found = [];
  for (const record of records) {
    const block = record.get("warc-block-digest");
    if (block !== (await digestOf(record.block)))
      found.push(`record at byte ${record.offset}: WARC-Block-Digest is not that of the block`);
    const payload = record.get("warc-payload-digest");
    if (payload === null || record.get("warc-type") === "revisit") continue;
    const body = record.parts.find(([kind]) => kind === "body");
    const bytes = !record.http ? record.block : body ? data.subarray(body[1], body[2]) : EMPTY;
    if (payload !== (await digestOf(bytes)))
      found.push(`record at byte ${record.offset}: WARC-Payload-Digest is not that of the payload`);
  }
  return found;
}

// The last head of an HTTP block: its status line and fields, or null if it is cut off or no HTTP.
function finalHead(data, record) {
  const heads = [[]];
  for (const part of record.parts) {
    if (part[0] === "start-line") heads.push([part]);
    else if (part[0] === "field" || part[0] === "end-of-head") heads.at(-1).push(part);
  }
  const head = heads.at(-1);
  if (head.length === 0 || head.at(-1)[0] !== "end-of-head") return null;
  const [start, ...rows] = head
    .slice(0, -1)
    .map(([, from, to]) => latin1(data.subarray(from, to)).replace(/\r?\n$/, ""));
  const status = /^HTTP\/[^ \t]*[ \t]+([1-9][0-9][0-9])(?:[ \t]+(.*))?$/s.exec(start);
  if (status === null) return null;
  const fields = rows
    .filter((row) => row.includes(":"))
    .map((row) => {
      const colon = row.indexOf(":");
      const value = row
        .slice(colon + 1)
        .split(/\r?\n/)
        .map((line) => line.replace(/^[ \t]+|[ \t]+$/g, ""))
        .join(" ")
        .replace(/^ +| +$/g, "");
      return [row.slice(0, colon).trim().toLowerCase(), value];
    });
  const all = (name) => fields.filter(([field]) => field === name).map(([, value]) => value);
  const tokens = (name) =>
    all(name)
      .flatMap((value) => value.split(","))
      .map((item) => item.split(";")[0].trim().toLowerCase())
      .filter((item) => item !== "" && item !== "identity");
  return {
    status: Number(status[1]),
    reason: (status[2] ?? "").trim(),
    get: (name) => all(name)[0] ?? null,
    values: all,
    tokens,
  };
}

function dechunk(data) {
  const pieces = [];
  for (let place = 0; ;) {
    const feed = data.indexOf(10, place);
    const match = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\r\n]*)?\r?\n$/.exec(latin1(data.subarray(place, feed + 1)));
    if (match === null) return null;
    const size = parseInt(match[1], 16);
    if (size === 0) return join(...pieces);
    pieces.push(data.subarray(feed + 1, feed + 1 + size));
    place = feed + 1 + size;
    if (data[place] === 13) place += 1;
    if (data[place] !== 10) return null;
    place += 1;
  }
}

async function inflate(data, format) {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// The bytes of a body without chunking, and which transfer codings are left (RFC 9112, section 6.3); null if damaged.
function framed(head, bytes) {
  if (head.status < 200 || head.status === 204 || head.status === 304) return [EMPTY, []];
  const transfer = head.tokens("transfer-encoding");
  if (transfer.at(-1) === "chunked") return [dechunk(bytes), transfer.slice(0, -1)];
  const lengths = [
    ...new Set(
      head
        .values("content-length")
        .flatMap((value) => value.split(","))
        .map((value) => value.trim()),
    ),
  ];
  const cut = transfer.length === 0 && lengths.length === 1 && /^[0-9]{1,15}$/.test(lengths[0]);
  return [cut ? bytes.subarray(0, Number(lengths[0])) : bytes, transfer];
}

// {body, sure}: the decoded body of a response or resource; null where this page cannot decode it (another coding, damaged,
// cut). `sure` unless a browser's decoder may have stopped early: it tells neither members of gzip nor what follows.
async function decodedBody(data, record) {
  if (!record.http) return { body: record.block, sure: true };
  const head = finalHead(data, record);
  const part = record.parts.find(([kind]) => kind === "body");
  if (head === null) return { body: null, sure: false };
  let [body, transfer] = framed(head, part ? data.subarray(part[1], part[2]) : EMPTY);
  let sure = true;
  const codings = [...head.tokens("content-encoding"), ...transfer];
  while (codings.length && body !== null) {
    const coding = codings.pop();
    const formats = { gzip: ["gzip"], "x-gzip": ["gzip"], deflate: ["deflate", "deflate-raw"] }[coding];
    if (formats === undefined) return { body: null, sure: false };
    const packed = body;
    body = await firstThatInflates(packed, formats);
    // The last four bytes of gzip are the length of its last member (RFC 1952): one member, if it is that of the whole.
    const last =
      packed.length >= 18 ? new DataView(packed.buffer, packed.byteOffset + packed.length - 4).getUint32(0, true) : -1;
    sure &&= formats[0] === "gzip" && body !== null && last === body.length;
  }
  return { body, sure };
}

async function firstThatInflates(body, formats) {
  for (const format of formats) {
    try {
      return await inflate(body, format);
    } catch {
      // damaged, or in the other of the two forms that "deflate" has
    }
  }
  return null;
}
