// OpenSSH public keys and SSHSIG signatures, as docs/formats/signature.md says: one spelling of each.

const ED25519 = "ssh-ed25519";
const SK_ED25519 = "sk-ssh-ed25519@openssh.com";
const MANIFESTS = "archiver-manifest-v1";
const BUNDLES = "archiver-bundle-v1";
const ARMOR = ["-----BEGIN SSH SIGNATURE-----\n", "-----END SSH SIGNATURE-----\n"];

const wireString = (data) => join(uint32(data.length), data);

class Wire {
  constructor(data) {
    this.data = data;
    this.place = 0;
  }
  take(length) {
    need(this.place + length <= this.data.length, "SSH data is cut short");
    this.place += length;
    return this.data.subarray(this.place - length, this.place);
  }
  number() {
    const bytes = this.take(4);
    return bytes[0] * 2 ** 24 + (bytes[1] << 16) + (bytes[2] << 8) + bytes[3];
  }
  string() {
    return this.take(this.number());
  }
  text() {
    return fromAscii(this.string(), "an SSH name");
  }
  end() {
    need(this.place === this.data.length, "SSH data goes on after its end");
  }
}

function parsePublic(blob) {
  const wire = new Wire(blob);
  const kind = wire.text();
  need(kind === ED25519 || kind === SK_ED25519, `key type not supported: ${kind.slice(0, 60)} (only ed25519)`);
  const raw = wire.string();
  const application = kind === SK_ED25519 ? wire.string() : EMPTY;
  wire.end();
  need(application.length <= 255, "public key: its application is too long");
  checkEd25519Public(raw);
  const fingerprint = `SHA256:${toBase64(sha256Sync(blob)).replace(/=+$/, "")}`;
  return { kind, raw, application, fingerprint, line: `${kind} ${toBase64(blob)}` };
}

// A public key line without a comment, as manifests and trust files hold it.
function parseKeyLine(line) {
  need(isText(line) && line.length <= 16384, "not a public key line");
  const [kind, spelled, ...rest] = line.split(" ");
  need(rest.length === 0 && spelled !== undefined, "not a public key line without a comment");
  const key = parsePublic(fromBase64(spelled, "public key line"));
  need(key.kind === kind && key.line === line, "public key line: not in its one spelling");
  return key;
}

function parseSshSignature(data) {
  const text = latin1(data);
  need(
    data.length <= MAX_SIGNATURE &&
      text.startsWith(ARMOR[0]) &&
      text.endsWith(ARMOR[1]) &&
      text.length > ARMOR[0].length + ARMOR[1].length,
    "not exactly one armored SSH signature",
  );
  const spelled = text.slice(ARMOR[0].length, -ARMOR[1].length).replaceAll("\n", "");
  const blob = fromBase64(spelled, "SSH signature");
  need(ARMOR[0] + spelled.replace(/.{1,70}/g, "$&\n") + ARMOR[1] === text, "SSH signature is not in its one spelling");
  const wire = new Wire(blob);
  need(latin1(wire.take(6)) === "SSHSIG" && wire.number() === 1, "not an SSHSIG of version 1");
  const key = parsePublic(wire.string());
  const namespace = wire.text();
  need(wire.string().length === 0, "SSH signature: its reserved field is not empty");
  need(wire.text() === "sha512", "SSH signature: only sha512 is read");
  const inner = new Wire(wire.string());
  wire.end();
  const kind = inner.text();
  const signature = inner.string();
  const token = kind === SK_ED25519 ? inner.take(5) : EMPTY;
  inner.end();
  need(kind === key.kind && signature.length === 64, "SSH signature: its type does not belong to its key");
  return { key, namespace, signature, token };
}

// The key that made this signature over `message` for that namespace; whether it is to be believed is another question.
async function verifySsh(armored, message, namespace) {
  const found = parseSshSignature(armored);
  if (found.namespace !== namespace)
    throw wrong(`the signature was made for ${found.namespace.slice(0, 60)}, not for ${namespace}`);
  let signed = join(
    utf8("SSHSIG"),
    wireString(utf8(namespace)),
    wireString(EMPTY),
    wireString(utf8("sha512")),
    wireString(sha512Sync(message)),
  );
  if (found.key.kind === SK_ED25519) {
    if (!(found.token[0] & 1)) throw wrong("the token's signature does not say that somebody touched it");
    signed = join(sha256Sync(found.key.application), found.token, sha256Sync(signed));
  }
  if (!(await ed25519Holds(found.key.raw, found.signature, signed)))
    throw wrong("the signature does not hold for these bytes");
  return found.key;
}

const allowedSigners = (keyLines) =>
  utf8(keyLines.map((line) => `archiver namespaces="${MANIFESTS},${BUNDLES}" ${line}\n`).join(""));
