// Steps 9 and 13 to 16: the objects, the stamps' files, whose keys these are, the exporter's signature.

// Step 9. Manifests of which no object is here are there for what they bind.
async function checkObjects(run, progress) {
  const { report, container } = run;
  const step = report.step(9);
  const shown = new Map((run.record?.withheld ?? []).filter((item) => item.shown).map((item) => [item.digest, item]));
  const withheld = new Set((run.record?.withheld ?? []).map((item) => item.sequence));
  const sizes = new Map();
  let named = 0;
  for (const { sequence, manifest, name } of run.rows.values()) {
    const refs = manifest?.objects ?? [];
    const binding =
      !withheld.has(sequence) && refs.every((ref) => ref.size === 0 || !container.has(inData(objectPath(ref.digest))));
    for (const ref of refs) {
      named += 1;
      const file = inData(objectPath(ref.digest));
      if ((sizes.get(ref.digest) ?? ref.size) !== ref.size)
        report.find(9, "object-size", `${ref.role}: an earlier manifest gives another size`, name, sequence);
      sizes.set(ref.digest, ref.size);
      if (container.has(file)) {
        progress("objects", step.checked, step.checked + 1);
        if (container.size(file) !== ref.size)
          report.find(
            9,
            "object-size",
            `${ref.role} has ${container.size(file)} bytes, ${ref.size} were sealed`,
            file,
            sequence,
          );
        else if ((await container.digest(file)).digest !== ref.digest)
          report.find(9, "object-changed", `${ref.role} is not what was sealed`, file, sequence);
        step.checked += 1;
      } else if (run.removed.has(ref.digest)) {
        report.find(
          9,
          "object-taken-down",
          `${ref.role} was removed by number ${run.removed.get(ref.digest)}`,
          file,
          sequence,
        );
      } else if (!binding) {
        if (shown.has(ref.digest)) await checkParts(run, ref, shown.get(ref.digest));
        else report.find(9, "object-withheld", `${ref.role} is not in this bundle`, file, sequence);
      }
    }
  }
  step.empty = named === 0;
  step.summary = named
    ? `${count(step.checked, "object")} have the bytes that were sealed`
    : "the manifests name no objects";
}

// Steps 13 and 14: the files are those that a manifest lists. What they say, this page cannot judge.
async function checkStamps(run) {
  const { report, container } = run;
  for (const [file, stamp] of run.stamps) {
    const number = file.endsWith(".cosig") ? 14 : 13;
    const name = inData(file);
    if (!container.has(name)) report.find(number, "stamp-missing", "is missing", name, stamp.sequence);
    else {
      if (container.size(name) !== stamp.size || (await container.digest(name)).digest !== stamp.digest)
        report.find(number, "stamp-changed", `is not what number ${stamp.sequence} lists`, name, stamp.sequence);
      report.step(number).checked += 1;
    }
  }
  for (const [number, what] of [
    [13, "time stamp"],
    [14, "cosignature"],
  ]) {
    const step = report.step(number);
    if (step.checked)
      report.find(
        number,
        "stamp-not-checked",
        `${count(step.checked, `${what} file`)} as listed; what they say is not checked by this page`,
      );
    else Object.assign(step, { empty: true, summary: `no manifest lists a ${what}` });
  }
}

// Step 16: the exporter's signature over the list of lists. README and report are not rendered again here.
async function checkExporter(run, believed) {
  const { report } = run;
  const step = report.step(16);
  try {
    const key = await verifySsh(
      await signature(run.container, TAG_SIGNATURE),
      await run.read(TAG_LIST, MAX_LIST),
      BUNDLES,
    );
    if (run.record !== null && key.fingerprint !== run.record.exporter)
      throw wrong(`signed by ${key.fingerprint}, and bundle.json names ${run.record.exporter}`);
    if (!same(await run.read("exporter.allowed_signers", MAX_NOTE), allowedSigners([key.line])))
      throw wrong(`signed by ${key.fingerprint}, which exporter.allowed_signers does not list alone`);
    report.exporter = key.fingerprint;
    step.checked = 1;
    if (!believed.has(key.fingerprint))
      report.find(
        16,
        "signer-unconfirmed",
        `the exporter ${key.fingerprint} is confirmed by nobody here`,
        TAG_SIGNATURE,
      );
  } catch (fault) {
    report.blame(16, fault, "bundle-signature", TAG_SIGNATURE);
  }
  report.find(
    16,
    "bundle-renderer",
    "README.txt and report.html were not written again and compared: archiver verify does that",
    "report.html",
  );
}

function checkSigners(run, believed) {
  const { report } = run;
  for (const fingerprint of run.signedBy.keys()) {
    report.signers.set(fingerprint, believed.has(fingerprint));
    report.step(15).checked += 1;
    if (!believed.has(fingerprint))
      report.find(15, "signer-unconfirmed", `${fingerprint}: compare it with what you were told by somebody else`);
  }
  if (run.signedBy.size === 0) report.step(15).skipped = "no manifest has a good signature";
  report.step(15).summary = `signed by ${[...run.signedBy.keys()].join(", ")}, which you confirmed`;
}
