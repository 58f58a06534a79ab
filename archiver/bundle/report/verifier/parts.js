// Objects that are shown in part: docs/formats/bundle.md, "Parts".

const MAX_PARTS = 64 << 20;
const partsPath = (digest) => `data/parts/sha256/${digest.slice(7, 9)}/${digest.slice(9)}`;

// Step 9 for one object of which only parts are here. What holds is kept, for the steps that follow.
async function checkParts(run, ref, item) {
  const { report } = run;
  const name = partsPath(ref.digest);
  try {
    const tree = ref.leaves ?? ref.segments;
    if (tree === undefined) throw wrong(`a part of ${ref.role} is here, and the manifest signs no tree over its parts`);
    const entries = parseParts(
      await run.read(name, MAX_PARTS),
      await run.read(`${name}.proof`, MAX_PARTS),
      ref.leaves !== undefined,
    );
    const { count: total, root, shown } = treeOfParts(entries);
    if (total !== tree.count || `sha256:${hex(root)}` !== tree.root)
      throw wrong("the parts that are here, and the hashes of the others, do not give the root in the manifest");
    need(shown === item.shown, `${shown} parts are here, bundle.json says ${item.shown}`);
    run.parts.set(ref.digest, entries);
    report.find(
      9,
      "object-in-part",
      `${ref.role}: ${shown} of ${total} parts are here, each proven to be among those that were sealed`,
      name,
      item.sequence,
    );
  } catch (fault) {
    report.blame(9, fault, "parts-bad", name, "parts-bad", item.sequence);
  }
}

const LEAF_ROW = /^leaf (0|[1-9][0-9]{0,15}) (0|[1-9][0-9]{0,15})(?: ([A-Za-z0-9+/]{43}=))?$/;
const NODE_ROW =
  /^node (0|[1-9][0-9]{0,15}) (0|[1-9][0-9]{0,15}) ([A-Za-z0-9+/]{43}=)(?: ([!-~](?:[ -~]{0,198}[!-~])?))?$/;

// Each part in order: {index, data, hash}, or {index, count, hash} for withheld ones under one hash.
function parseParts(data, proof, isLines) {
  const rows = lines(fromAscii(proof, "proof of parts"), "proof of parts");
  need(rows.shift() === "parts/v1", "not a parts/v1");
  const entries = [];
  let [next, place, run, hidden] = [0, 0, [], 0];
  for (const row of rows) {
    const [leaf, node] = [LEAF_ROW.exec(row), NODE_ROW.exec(row)];
    need(leaf !== null || node !== null, "not a line of a proof of parts");
    need(Number((leaf ?? node)[1]) === next, "the parts do not follow one another");
    if (node !== null) {
      const width = Number(node[2]);
      need(width > 0 && Number.isInteger(Math.log2(width)) && next % width === 0, "a node is no perfect subtree");
      run.push(`${next} ${width}`);
      entries.push({ index: next, count: width, hash: fromBase64(node[3], "hash") });
      next += width;
      continue;
    }
    need(run.join() === cover(hidden, next).join(), "withheld parts are not under the largest subtrees");
    need((leaf[3] === undefined) === isLines, "a segment has a salt beside it, and a line has none");
    const end = place + Number(leaf[2]);
    need(end <= data.length, "the file ends inside a part");
    const part = data.subarray(place, end);
    if (isLines) need(data[end] === 10 && !part.includes(10), "a line does not end where the proof says");
    entries.push({ index: next, data: part, hash: leafHash(isLines ? part : join(fromBase64(leaf[3], "salt"), part)) });
    place = end + (isLines ? 1 : 0);
    [next, run, hidden] = [next + 1, [], next + 1];
  }
  need(run.join() === cover(hidden, next).join(), "withheld parts are not under the largest subtrees");
  need(place === data.length, "more bytes than the proof speaks of");
  return entries;
}

// The perfect subtrees over a run of leaves, the largest first that fit.
function cover(start, end) {
  const found = [];
  for (let at = start; at < end;) {
    let width = 2 ** Math.floor(Math.log2(end - at));
    while (at % width !== 0) width /= 2;
    found.push(`${at} ${width}`);
    at += width;
  }
  return found;
}

function treeOfParts(entries) {
  const stack = [];
  let [total, shown] = [0, 0];
  for (const entry of entries) {
    let [node, width] = [entry.hash, entry.count ?? 1];
    total += width;
    shown += entry.data === undefined ? 0 : 1;
    while (stack.length && stack.at(-1)[1] === width) [node, width] = [nodeHash(stack.pop()[0], node), 2 * width];
    stack.push([node, width]);
  }
  const root = stack.length
    ? stack.map(([hash]) => hash).reduceRight((right, left) => nodeHash(left, right))
    : EMPTY_ROOT;
  return { count: total, shown, root };
}

// The records of a WARC in part: {data, record} for those that are here whole, {data, record: null} for what is shown of others.
function recordsInPart(entries) {
  const groups = [];
  let group = null;
  for (const entry of entries) {
    const trailer = entry.data !== undefined && same(entry.data, CRLF2);
    if (group === null || (group.ended && !trailer)) {
      group = { leaves: [], hidden: false, ended: false };
      groups.push(group);
    }
    if (entry.data === undefined) group.hidden = true;
    else group.leaves.push(entry.data);
    group.ended ||= trailer;
  }
  return groups.map(({ leaves, hidden, ended }) => {
    if (!hidden && ended) {
      const data = join(...leaves);
      const [record, ...rest] = readRecords(data);
      need(
        rest.length === 0 &&
          record.parts.map(([, start, end]) => end - start).join() === leaves.map((leaf) => leaf.length).join(),
        "a record is not cut into segments as it should be",
      );
      return { data, record };
    }
    const begins = latin1((leaves[0] ?? EMPTY).subarray(0, 5)) === "WARC/" ? 1 : 0;
    return { data: join(...leaves.slice(begins, ended ? -1 : undefined)), record: null };
  });
}
