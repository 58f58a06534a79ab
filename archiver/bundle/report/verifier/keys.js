// Which key was in force where: docs/formats/signature.md, "Key life cycle". A key is judged by its position in the log.

class KeyHistory {
  constructor(digest, identity) {
    this.newest = digest;
    this.origin = identity.origin;
    this.terms = { signer: new Map(), recovery: new Map() }; // fingerprint -> [{since, until, at, by}]
    this.lines = new Map();
    this.roles = new Map();
    this.revoked = new Map(); // signer -> size up to which it is believed
    this.retiredLog = [];
    this.handovers = [];
    this.unknownFrom = null;
    const [signer, recovery] = [parseKeyLine(identity.signer), parseKeyLine(identity.recovery)];
    this.admit("signer", signer, { since: 0, until: null, at: 0, by: "" });
    this.admit("recovery", recovery, { since: 0, until: null, at: 0, by: signer.fingerprint });
    const log = identity.log.map(parseVkey);
    log.forEach((key) => this.claim(key.key, "log"));
    this.eras = [[1n, log]];
  }

  admit(role, key, term) {
    this.claim(key.raw, role);
    if (!this.lines.has(key.fingerprint)) this.lines.set(key.fingerprint, key.line);
    const terms = this.terms[role];
    terms.set(key.fingerprint, [...(terms.get(key.fingerprint) ?? []), term]);
  }

  // One key, one role, for ever.
  claim(raw, role) {
    const name = hex(raw);
    need((this.roles.get(name) ?? role) === role, "one key serves two roles");
    this.roles.set(name, role);
  }

  get log() {
    return this.eras.at(-1)[1];
  }

  logAt(size) {
    return this.eras.filter(([since]) => since <= size).at(-1)?.[1] ?? [];
  }

  inForce(role, fingerprint, position) {
    return (this.terms[role].get(fingerprint) ?? []).some(
      (term) => term.since <= position && (term.until === null || position < term.until),
    );
  }

  // null if that key was in force there for that event, else why not.
  mayNotSign(fingerprint, position, event, change) {
    if (event === "key" && (change.action === "revoke" || change.role === "recovery")) {
      if (this.inForce("recovery", fingerprint, position)) return null;
      return "a revocation and a change of recovery keys must be signed by a recovery key in force";
    }
    if (!this.terms.signer.has(fingerprint)) return "this key was never admitted by a key event";
    if (!this.inForce("signer", fingerprint, position)) return "this key was not in force at this place in the log";
    if (event === "key" && change.action === "rotate" && change.role === "signer") {
      if (parseKeyLine(change.old[0]).fingerprint !== fingerprint)
        return "a rotation must be signed by the key that goes";
    }
    return null;
  }

  // A key event whose signatures hold. Throws for one that does not fit what is in force: then it changes nothing.
  apply(sequence, change, signer) {
    if (change.role === "log") this.changeLog(sequence, change);
    else this.changeSigners(sequence, change, signer);
  }

  changeSigners(sequence, change, signer) {
    const terms = this.terms[change.role];
    const [old, fresh] = [change.old.map(parseKeyLine), change.new.map(parseKeyLine)];
    for (const key of old) {
      const known =
        change.action === "revoke" ? terms.has(key.fingerprint) : this.inForce(change.role, key.fingerprint, sequence);
      need(known, `${key.fingerprint} is no ${change.role} key in force`);
    }
    for (const key of fresh) {
      need(
        !this.inForce(change.role, key.fingerprint, sequence) && !this.revoked.has(key.fingerprint),
        `${key.fingerprint} is in force already, or was revoked`,
      );
      this.claim(key.raw, change.role);
    }
    for (const key of old) {
      for (const term of terms.get(key.fingerprint)) term.until ??= sequence + 1;
      if (change.trusted_size !== null && change.role === "signer") {
        this.revoked.set(key.fingerprint, Math.min(this.revoked.get(key.fingerprint) ?? Infinity, change.trusted_size));
      }
    }
    for (const key of fresh)
      this.admit(change.role, key, { since: sequence + 1, until: null, at: sequence, by: signer });
  }

  changeLog(sequence, change) {
    const [old, fresh] = [change.old.map(parseVkey), change.new.map(parseVkey)];
    const current = this.log;
    const holds = (keys, text) => keys.some((key) => key.text === text);
    need(
      [...old, ...fresh].every((key) => key.name === this.origin),
      "a log key's name is not the origin",
    );
    need(
      old.every((key) => holds(current, key.text)) && !fresh.some((key) => holds(current, key.text)),
      "a log key that goes is not in force, or one that comes is already",
    );
    const next = [...current.filter((key) => !holds(old, key.text)), ...fresh];
    need(next.length > 0 && next.length <= 16, "a log has 1 to 16 keys in force");
    fresh.forEach((key) => this.claim(key.key, "log"));
    this.retiredLog.push(...old);
    this.eras.push([BigInt(sequence) + 1n, next]);
    if (change.action === "rotate") this.handovers.push(sequence);
  }

  // What revocations take back, directly or through keys that a disowned event admitted: [fingerprint, low, high, reason].
  disowned() {
    const found = [];
    const covers = (fingerprint, position) =>
      found.some(([name, low, high]) => name === fingerprint && low <= position && (high === null || position < high));
    for (const [fingerprint, size] of this.revoked)
      found.push([fingerprint, size, null, `signed by ${fingerprint}, which is believed only before position ${size}`]);
    const admissions = [...this.terms.signer].flatMap(([name, terms]) => terms.map((term) => [term.at, name, term]));
    for (const [event, name, term] of admissions.sort((left, right) => left[0] - right[0])) {
      if (covers(term.by, event))
        found.push([
          name,
          term.since,
          term.until,
          `signed by ${name}, which number ${event} admitted, and that is disowned`,
        ]);
    }
    return found;
  }

  // Fingerprints that a believed key admitted, in turn: `roots` is a set of fingerprints, or null where the archive itself is believed.
  believed(roots) {
    const good = new Set();
    const disowned = this.disowned();
    const all = [...this.terms.signer, ...this.terms.recovery].map(([name, terms]) => [terms[0].at, name, terms[0].by]);
    for (const [event, name, by] of all.sort((left, right) => left[0] - right[0])) {
      const lost = disowned.some(([who, low, high]) => who === by && low <= event && (high === null || event < high));
      if (roots === null || roots.has(name) || (good.has(by) && !lost)) good.add(name);
    }
    return good;
  }
}
