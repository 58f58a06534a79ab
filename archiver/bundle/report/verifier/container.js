// The zip of a bundle: the one spelling of docs/formats/bundle.md, "Container". Each header is written again and compared.

const MAX_FILES = 262144;
const MAX_NAME = 200;
const FULL16 = 0xffff;
const FULL32 = 0xffffffff;
const NAME = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;
const PIECE = 8 << 20; // bytes read at once
const WHOLE = 64 << 20; // bytes up to which a file is hashed by the browser, which takes it whole
const HINT = "If another program packed it again: unpack it, and verify the folder with: archiver verify FOLDER";

class Writer {
  constructor() {
    this.bytes = [];
  }
  number(value, width) {
    for (let at = 0, rest = value; at < width; at += 1, rest = Math.floor(rest / 256)) this.bytes.push(rest % 256);
    return this;
  }
  numbers(width, ...values) {
    values.forEach((value) => this.number(value, width));
    return this;
  }
  text(value) {
    for (const letter of value) this.bytes.push(letter.charCodeAt(0));
    return this;
  }
  data() {
    return Uint8Array.from(this.bytes);
  }
}

class Reader {
  constructor(data) {
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.place = 0;
  }
  number(width) {
    const at = this.place;
    this.place += width;
    if (width === 2) return this.view.getUint16(at, true);
    if (width === 4) return this.view.getUint32(at, true);
    const wide = this.view.getBigUint64(at, true);
    need(wide <= BigInt(Number.MAX_SAFE_INTEGER), "a number in the zip is larger than any file");
    return Number(wide);
  }
}

const DATE = 33; // 1980-01-01
const MODE = 0o100644 * 65536;

function localHeader(entry) {
  const wide = entry.size >= FULL32;
  const short = wide ? FULL32 : entry.size;
  const out = new Writer().text("PK\x03\x04").numbers(2, wide ? 45 : 20, 0, 0, 0, DATE);
  out
    .numbers(4, entry.crc, short, short)
    .numbers(2, entry.name.length, wide ? 20 : 0)
    .text(entry.name);
  if (wide) out.numbers(2, 1, 16).numbers(8, entry.size, entry.size);
  return out.data();
}

function centralHeader(entry) {
  const wide = entry.size >= FULL32 ? [entry.size, entry.size] : [];
  if (entry.offset >= FULL32) wide.push(entry.offset);
  const [version, short] = [wide.length ? 45 : 20, Math.min(entry.size, FULL32)];
  const out = new Writer().text("PK\x01\x02").numbers(2, 768 + version, version, 0, 0, 0, DATE);
  out.numbers(4, entry.crc, short, short).numbers(2, entry.name.length, wide.length ? 4 + 8 * wide.length : 0, 0, 0, 0);
  out.numbers(4, MODE, Math.min(entry.offset, FULL32)).text(entry.name);
  if (wide.length) out.numbers(2, 1, 8 * wide.length).numbers(8, ...wide);
  return out.data();
}

function endRecords(end) {
  const out = new Writer();
  if (end.count >= FULL16 || end.size >= FULL32 || end.offset >= FULL32) {
    out.text("PK\x06\x06").number(44, 8).numbers(2, 813, 45).numbers(4, 0, 0);
    out.numbers(8, end.count, end.count, end.size, end.offset);
    out
      .text("PK\x06\x07")
      .number(0, 4)
      .number(end.offset + end.size, 8)
      .number(1, 4);
  }
  const short = Math.min(end.count, FULL16);
  out.text("PK\x05\x06").numbers(2, 0, 0, short, short);
  return out.numbers(4, Math.min(end.size, FULL32), Math.min(end.offset, FULL32)).number(0, 2).data();
}

const dataOffset = (entry) => entry.offset + 30 + entry.name.length + (entry.size >= FULL32 ? 20 : 0);

function parseEnd(tail) {
  const place = tail.length - 22;
  need(
    place >= 0 && latin1(tail.subarray(place, place + 4)) === "PK\x05\x06",
    "this is no zip file, or its end is cut short",
  );
  const reader = new Reader(tail.subarray(place + 10));
  const end = { count: reader.number(2), size: reader.number(4), offset: reader.number(4) };
  const wide = place - 76;
  if (end.count !== FULL16 && end.size !== FULL32 && end.offset !== FULL32) return end;
  if (wide < 0 || latin1(tail.subarray(wide, wide + 4)) !== "PK\x06\x06") return end;
  const more = new Reader(tail.subarray(wide + 32));
  return { count: more.number(8), size: more.number(8), offset: more.number(8) };
}

function parseEntry(data, place) {
  need(
    place + 46 <= data.length && latin1(data.subarray(place, place + 4)) === "PK\x01\x02",
    "its directory is damaged",
  );
  const reader = new Reader(data.subarray(place + 16));
  const [crc, packed, size] = [reader.number(4), reader.number(4), reader.number(4)];
  const lengths = [reader.number(2), reader.number(2), reader.number(2)];
  reader.place += 8;
  const offset = reader.number(4);
  const end = place + 46 + lengths[0] + lengths[1] + lengths[2];
  need(end <= data.length, "its directory is cut short");
  const name = fromAscii(data.subarray(place + 46, place + 46 + lengths[0]), "a name in the zip");
  const wide = [size, packed, offset].filter((value) => value === FULL32);
  const values = [size, packed, offset];
  if (wide.length) {
    need(lengths[1] === 4 + 8 * wide.length, `${name}: its zip64 field is not as archiver writes it`);
    const extra = new Reader(data.subarray(place + 50 + lengths[0]));
    values.forEach((value, at) => {
      if (value === FULL32) values[at] = extra.number(8);
    });
  }
  return { entry: { name, size: values[0], crc, offset: values[2] }, raw: data.subarray(place, end), end };
}

class Container {
  // `source`: { size, read(offset, length) -> Promise<Uint8Array> }.
  static async open(source) {
    const container = new Container();
    container.source = source;
    container.files = new Map();
    container.digests = new Map();
    await container.readDirectory();
    return container;
  }

  async readDirectory() {
    const total = this.source.size;
    const tail = await this.source.read(Math.max(0, total - 98), Math.min(98, total));
    const end = parseEnd(tail);
    need(end.count <= MAX_FILES, `claims ${end.count} files; at most ${MAX_FILES} are read`);
    const records = endRecords(end);
    need(
      end.size <= end.count * (46 + MAX_NAME + 28) && end.offset + end.size + records.length === total,
      "bytes before, after or between its files belong to none",
    );
    need(same(tail.subarray(tail.length - records.length), records), "its end is not as archiver writes it");
    const directory = await this.source.read(end.offset, end.size);
    const entries = [];
    let [place, reached] = [0, 0];
    while (place < directory.length) {
      const found = parseEntry(directory, place);
      const { entry } = found;
      need(
        same(centralHeader(entry), found.raw),
        `${entry.name.slice(0, 80)}: its line in the directory is not as archiver writes it`,
      );
      need(goodName(entry.name), `${entry.name.slice(0, 80)}: no name for a file in a bundle`);
      const before = entries.at(-1);
      need(!before || before.name < entry.name, `${entry.name}: stands twice, or not in byte order`);
      need(entry.offset === reached, `${entry.name}: bytes between two files belong to none, or two files overlap`);
      entries.push(entry);
      reached = dataOffset(entry) + entry.size;
      place = found.end;
    }
    need(entries.length === end.count && reached === end.offset, "its directory and its end differ");
    for (const entry of entries) {
      const header = localHeader(entry);
      need(
        same(await this.source.read(entry.offset, header.length), header),
        `${entry.name}: its header and its line in the directory differ`,
      );
    }
    this.takeFolder(entries);
  }

  takeFolder(entries) {
    need(entries.length > 0, "the zip holds no files");
    this.folder = entries[0].name.split("/")[0];
    const folded = new Set();
    for (const entry of entries) {
      const name = entry.name.slice(this.folder.length + 1);
      need(
        entry.name.startsWith(`${this.folder}/`) && name,
        `${entry.name} does not stand in the one folder ${this.folder}`,
      );
      need(!folded.has(name.toLowerCase()), `${entry.name}: two names that are one where case does not count`);
      folded.add(name.toLowerCase());
      this.files.set(name, entry);
    }
    for (const name of folded) {
      const parts = name.split("/");
      for (let depth = 1; depth < parts.length; depth += 1) {
        need(!folded.has(parts.slice(0, depth).join("/")), `${name} stands in a folder that is also a file`);
      }
    }
  }

  names() {
    return [...this.files.keys()];
  }

  has(name) {
    return this.files.has(name);
  }

  size(name) {
    return this.files.get(name)?.size ?? null;
  }

  async read(name, limit) {
    const entry = this.files.get(name);
    if (!entry) throw new Fault("missing", "is missing", name);
    need(entry.size <= limit, `has ${entry.size} bytes; at most ${limit} are read`);
    return this.source.read(dataOffset(entry), entry.size);
  }

  // SHA-256 of a file, and whether its CRC-32 is the one in the zip; each file is read once.
  async digest(name) {
    if (!this.digests.has(name)) this.digests.set(name, await this.hash(this.files.get(name)));
    return this.digests.get(name);
  }

  async hash(entry) {
    const start = dataOffset(entry);
    if (entry.size <= WHOLE) {
      const data = await this.source.read(start, entry.size);
      return { digest: await digestOf(data), crcHolds: crc32(data) === entry.crc };
    }
    const state = noble.sha256.create();
    let crc = 0;
    for (let at = 0; at < entry.size; at += PIECE) {
      const piece = await this.source.read(start + at, Math.min(PIECE, entry.size - at));
      state.update(piece);
      crc = crc32(piece, crc);
    }
    return { digest: `sha256:${hex(state.digest())}`, crcHolds: crc === entry.crc };
  }
}

function goodName(name) {
  return NAME.test(name) && name.length <= MAX_NAME && !name.split("/").some((part) => part === "." || part === "..");
}

function sourceOfBlob(blob) {
  return {
    size: blob.size,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  };
}
