// The verifier: a zip in, a report out. Steps are numbered as in docs/formats/verify-report.md.

const nothing = () => {};

// `source`: { size, read(offset, length) }. `told`: fingerprints that the reader had from somebody else.
// Throws a Fault for a zip that is not in the one spelling of a bundle.
async function verifyBundle(source, { progress = nothing, told = [] } = {}) {
  const run = new Case(await Container.open(source));
  const { report } = run;
  await readRecord(run);
  await checkGenesis(run);
  if (run.keys === null) {
    for (let number = 3; number <= 12; number += 1) report.step(number).skipped = "needs a good first manifest";
  } else {
    await readCheckpoint(run);
    progress("manifests", 0, 1);
    await walkChain(run);
    await judgeCheckpoint(run);
    await checkProofs(run);
    await checkOlder(run);
    await checkTrustFiles(run);
    await checkObjects(run, progress);
    await checkContent(run);
  }
  await checkFiles(run, progress);
  relieve(run);
  const believed = believedKeys(run, told);
  await checkExporter(run, believed);
  await checkStamps(run);
  checkSigners(run, believed);
  return report;
}

// A disowned manifest that is here for what it binds alone is a remark: nothing that was chosen rests on it. But for the
// last leaf: that there is no later key event is its word.
function relieve({ record, report }) {
  if (record === null) return;
  const disowned = report.findings.filter((finding) => finding.code === "signature-disowned");
  for (const finding of disowned) {
    if (record.selected.includes(finding.sequence)) continue;
    finding.weight = "remark";
    if (finding.sequence !== record.size - 1) continue;
    const message = `number ${finding.sequence}, the last, is disowned: a key event before it could be hidden`;
    report.find(5, "later-unknown", message, finding.file, finding.sequence);
  }
}

// Keys that the reader confirmed: one by one, or all that the archive admits, by its identity.
function believedKeys(run, told) {
  if (run.keys === null) return new Set(told);
  const whole = told.some((word) => word === run.archive || word === short(run.archive));
  const good = run.keys.believed(whole ? null : new Set(told));
  told.forEach((word) => good.add(word));
  return good;
}
