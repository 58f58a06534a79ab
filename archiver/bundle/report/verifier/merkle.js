// RFC 6962 section 2.1: trees over SHA-256, inclusion and consistency proofs. Sizes and indexes are BigInt.

const HASH_BYTES = 32;
const MAX_PROOF = 63;
const EMPTY_ROOT = sha256Sync(EMPTY);

const leafHash = (data) => sha256Sync(join(Uint8Array.of(0), data));
const nodeHash = (left, right) => sha256Sync(join(Uint8Array.of(1), left, right));

function treeRoot(leaves) {
  const peaks = [];
  leaves.forEach((leaf, index) => {
    let node = leaf;
    for (let size = index; size % 2 === 1; size = (size - 1) / 2) node = nodeHash(peaks.pop(), node);
    peaks.push(node);
  });
  if (peaks.length === 0) return EMPTY_ROOT;
  return peaks.reduceRight((right, left) => nodeHash(left, right));
}

function checkHashes(proof) {
  if (proof.length > MAX_PROOF) throw wrong(`a proof of ${proof.length} hashes; ${MAX_PROOF} are enough for any tree`);
  if (proof.some((hash) => hash.length !== HASH_BYTES)) throw wrong("a hash in the proof does not have 32 bytes");
}

// RFC 9162 section 2.1.3.2.
function checkInclusion(index, size, leaf, proof, root) {
  checkHashes(proof);
  if (index >= size) throw wrong(`leaf ${index} lies outside a tree of ${size}`);
  let [first, last, node] = [index, size - 1n, leaf];
  for (const sibling of proof) {
    if (last === 0n) throw wrong("the inclusion proof is too long");
    if (first & 1n || first === last) {
      node = nodeHash(sibling, node);
      while (!(first & 1n) && first) [first, last] = [first >> 1n, last >> 1n];
    } else {
      node = nodeHash(node, sibling);
    }
    [first, last] = [first >> 1n, last >> 1n];
  }
  if (last !== 0n) throw wrong("the inclusion proof is too short");
  if (!same(node, root)) throw wrong("the inclusion proof does not lead to the root");
}

// RFC 9162 section 2.1.4.2, for 0 < oldSize < size.
function checkConsistency(oldSize, size, oldRoot, root, proof) {
  checkHashes(proof);
  if (oldSize > size || oldSize <= 0n) throw wrong(`a tree of ${size} cannot extend one of ${oldSize}`);
  if (oldSize === size) {
    if (!same(oldRoot, root)) throw wrong("two trees of one size with different roots");
    if (proof.length > 0) throw wrong("a proof between trees of one size has no hashes");
    return;
  }
  if (proof.length === 0) throw wrong("the consistency proof is empty");
  const path = (oldSize & (oldSize - 1n)) === 0n ? [oldRoot, ...proof] : proof;
  let [first, last] = [oldSize - 1n, size - 1n];
  while (first & 1n) [first, last] = [first >> 1n, last >> 1n];
  let [oldNode, newNode] = [path[0], path[0]];
  for (const sibling of path.slice(1)) {
    if (last === 0n) throw wrong("the consistency proof is too long");
    if (first & 1n || first === last) {
      oldNode = nodeHash(sibling, oldNode);
      newNode = nodeHash(sibling, newNode);
      while (!(first & 1n) && first) [first, last] = [first >> 1n, last >> 1n];
    } else {
      newNode = nodeHash(newNode, sibling);
    }
    [first, last] = [first >> 1n, last >> 1n];
  }
  if (last !== 0n) throw wrong("the consistency proof is too short");
  if (!same(oldNode, oldRoot)) throw wrong("the consistency proof does not lead to the old root");
  if (!same(newNode, root)) throw wrong("the consistency proof does not lead to the new root");
}
