// Steps 6 to 8: inclusion proofs, older checkpoints, the key files that follow from the key events.

async function checkProofs(run) {
  const { report, checkpoint } = run;
  const step = report.step(6);
  if (checkpoint === null) {
    step.skipped = "there is no good checkpoint that the proofs could lead to";
    return;
  }
  for (const { sequence, data } of run.rows.values()) {
    const name = inData(manifestPath(sequence).replace(/\.json$/, ".tlog-proof"));
    try {
      const proof = parseProof(await run.read(name, 2 * MAX_NOTE));
      if (!same(proof.checkpoint, run.note)) throw wrong("carries another checkpoint than the bundle");
      if (proof.index !== BigInt(sequence)) throw wrong(`is for number ${proof.index}`);
      checkInclusion(proof.index, checkpoint.size, leafHash(data), proof.hashes, checkpoint.root);
      step.checked += 1;
    } catch (fault) {
      report.blame(6, fault, "proof-bad", name, "proof-missing", sequence);
    }
  }
  step.summary = `${count(step.checked, "inclusion proof")} lead to the signed root`;
  if (run.rows.get(Number(checkpoint.size) - 1)?.manifest == null) {
    report.find(
      5,
      "later-unknown",
      `number ${checkpoint.size - 1n}, the last that the checkpoint counts, is not here: it names the newest key event`,
    );
  }
}

async function checkOlder(run) {
  const { report, checkpoint } = run;
  const step = report.step(7);
  step.skipped = checkpoint === null ? "there is no good checkpoint to compare with" : "no other checkpoint is known";
  if (checkpoint === null) return;
  for (const name of run.container.names()) {
    const match = /^data\/log\/checkpoints\/([1-9][0-9]{0,18})$/.exec(name);
    if (match === null) continue;
    try {
      const { checkpoint: old } = await openByPosition(run.keys, await run.read(name, MAX_NOTE));
      const proof = parseConsistency(await run.read(`${name}.consistency`, 2 * MAX_NOTE));
      need(
        old.size === BigInt(match[1]) && proof.old === old.size,
        "checkpoint, proof and name are of different sizes",
      );
      if (!same(proof.checkpoint, run.note)) throw wrong("its proof leads to another checkpoint than the bundle's");
      checkConsistency(old.size, checkpoint.size, old.root, checkpoint.root, proof.hashes);
      step.checked += 1;
    } catch (fault) {
      report.blame(7, fault, fault.kind === "proof" ? "history-forked" : "history-bad", name, "history-bad");
    }
  }
  if (step.checked) step.skipped = `no checkpoint is known from outside (${step.checked} of its own agree)`;
}

async function checkTrustFiles(run) {
  const { report, keys } = run;
  const step = report.step(8);
  if (keys.unknownFrom !== null || run.incomplete) {
    step.skipped = "the keys in force are not fully known";
    return;
  }
  const wanted = {
    "data/trust/allowed_signers": allowedSigners([...keys.terms.signer.keys()].map((name) => keys.lines.get(name))),
    "data/trust/log.vkey": utf8(keys.log.map((key) => `${key.text}\n`).join("")),
  };
  for (const [name, data] of Object.entries(wanted)) {
    try {
      if (!same(await run.read(name, MAX_DOCUMENT), data))
        report.find(8, "trust-differs", "differs from the key events of the chain", name);
      step.checked += 1;
    } catch (fault) {
      report.blame(8, fault, "trust-differs", name, "trust-missing");
    }
  }
  step.summary = "allowed_signers and log.vkey agree with the key events";
}
