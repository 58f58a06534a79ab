// Objects that are shown in part: docs/formats/bundle.md, "Parts".

const MAX_PARTS = 64 << 20;
const partsPath = (digest) => `data/parts/sha256/${digest.slice(7, 9)}/${digest.slice(9)}`;

async function checkParts(run, ref, item) {
  const name = partsPath(ref.digest);
  try {
    const tree = ref.leaves ?? ref.segments;
    need(tree !== undefined, `of a ${ref.role} no parts can be shown`);
    const data = await run.read(name, MAX_PARTS);
    const found = parseParts(data, await run.read(`${name}.proof`, MAX_PARTS), ref.role === "statements");
    need(found.parts.size === item.shown, `${found.parts.size} parts are shown, bundle.json says ${item.shown}`);
    if (found.count !== tree.count || `sha256:${hex(found.root)}` !== tree.root) throw wrong("the parts that are shown do not give the root in the manifest");
    run.parts.set(ref.digest, found.parts);
  } catch (fault) {
    run.report.blame(9, fault, "parts-bad", name, "parts-bad", item.sequence);
  }
}

function parseParts(data, proof, isLines) {
  const rows = lines(fromAscii(proof, "proof of parts"), "proof of parts");
  need(rows.shift() === "parts/v1", "not a proof of parts/v1");
  const [stack, parts] = [[], new Map()];
  let [next, place] = [0, 0];
  const push = (hash, size) => {
    let [node, width] = [hash, size];
    while (stack.length && stack.at(-1)[1] === width) [node, width] = [nodeHash(stack.pop()[0], node), 2 * width];
    stack.push([node, width]);
  };
  for (const row of rows) {
    const leaf = /^leaf (0|[1-9][0-9]{0,15}) (0|[1-9][0-9]{0,15})(?: ([A-Za-z0-9+/]{43}=))?$/.exec(row);
    const node = /^node (0|[1-9][0-9]{0,15}) ([1-9][0-9]{0,15}) ([A-Za-z0-9+/]{43}=)(?: ([\x20-\x7e]{1,200}))?$/.exec(row);
    need(leaf !== null || node !== null, "not a line of a proof of parts");
    need(Number((leaf ?? node)[1]) === next, "the parts do not follow one another");
    if (leaf !== null) {
      need((leaf[3] === undefined) === isLines, "a segment has a salt, and a line has none");
      const end = place + Number(leaf[2]);
      need(end + (isLines ? 1 : 0) <= data.length, "a part is cut short");
      const part = data.subarray(place, end);
      if (isLines) need(data[end] === 10, "a line does not end with a line feed");
      place = end + (isLines ? 1 : 0);
      push(leafHash(isLines ? part : join(fromBase64(leaf[3], "salt"), part)), 1);
      parts.set(next, part);
      next += 1;
    } else {
      const width = Number(node[2]);
      need(Number.isInteger(Math.log2(width)) && next % width === 0, "a node's count is no power of two, or does not divide its index");
      push(fromBase64(node[3], "hash"), width);
      next += width;
    }
  }
  need(place === data.length && parts.size > 0, "bytes after the last part, or no part");
  const root = stack.map(([hash]) => hash).reduceRight((right, left) => nodeHash(left, right));
  return { count: next, root, parts };
}
