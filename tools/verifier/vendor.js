// What the verifier in the browser takes from the noble libraries (see build.sh).
export { Point, hashes, verify } from "@noble/ed25519";
export { hmac } from "@noble/hashes/hmac.js";
export { sha256, sha512 } from "@noble/hashes/sha2.js";
export { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js";
