// The page: takes a zip that is dropped or chosen, verifies it, shows the report. Nothing leaves this page.

const place = document.getElementById("verifier");
const results = make("div", { id: "verifier-results" });
const progress = make("p", { class: "soft", role: "status" });
const chosen = make("input", { type: "file", accept: ".zip,application/zip", id: "verifier-file" });
const told = make("textarea", { id: "verifier-told", rows: "2", spellcheck: "false", autocomplete: "off" });
const compare = make("button", { type: "button" }, "Compare");
const comparison = make("p", { role: "status" });
let blob = null;
let turn = 0;

const words = () => told.value.split(/[\s,;()]+/).filter((word) => word !== "");

// Which of the words that the reader was told stand in this bundle.
function sayComparison(report) {
  const known = new Map([
    [report.archive, "the archive"],
    [report.archive && short(report.archive), "the archive"],
    [report.exporter, "the exporter"],
  ]);
  for (const fingerprint of report.signers.keys())
    known.set(
      fingerprint,
      report.exporter === fingerprint ? "a signer of the records, and the exporter" : "a signer of the records",
    );
  comparison.replaceChildren();
  for (const word of words()) {
    const found = known.get(word);
    comparison.append(
      code(word),
      found ? ` is ${found}. ` : make("strong", { class: "outcome failed" }, " is nobody in this bundle. "),
    );
  }
}

async function start() {
  if (blob === null) return;
  turn += 1;
  const mine = turn;
  results.replaceChildren();
  document.documentElement.dataset.verdict = "";
  const say = (what, done, total) => {
    if (mine === turn) progress.textContent = `Checking ${what}: ${done} of ${total}`;
  };
  let verdict;
  try {
    const report = await verifyBundle(sourceOfBlob(blob), { progress: say, told: words() });
    if (mine !== turn) return;
    sayComparison(report);
    results.append(...showReport(report));
    verdict = report.verdict;
  } catch (fault) {
    if (mine !== turn) return;
    verdict = fault instanceof Fault ? "refused" : "defect";
    const why =
      fault instanceof Fault
        ? `This is no bundle as archiver writes it: ${fault.message}.`
        : `This page could not go on (${fault.name}: ${fault.message}). Nothing was shown.`;
    results.append(
      make(
        "div",
        { class: "verdict failed", role: "status" },
        make("h3", {}, "Result: not verified"),
        make("p", {}, quoted(why)),
        make("p", {}, HINT),
      ),
    );
  }
  progress.textContent = `${blob.name ?? "The bundle"} (${count(blob.size, "byte")}) was checked in this page; Ed25519 by ${engine.ed25519}.`;
  document.documentElement.dataset.verdict = verdict;
}

function take(files) {
  [blob] = files;
  blob ??= null;
  start();
}

function listen() {
  chosen.addEventListener("change", () => take(chosen.files));
  compare.addEventListener("click", start);
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) take(event.dataTransfer.files);
  });
}

async function open() {
  await chooseEngine(location.hash === "#noble" ? "noble" : null);
  place.replaceChildren(
    make(
      "div",
      { class: "drop" },
      make("label", { for: "verifier-file" }, "Drop the zip of the bundle on this page, or choose it:"),
      " ",
      chosen,
    ),
    make(
      "label",
      { for: "verifier-told" },
      "Fingerprints that you were told by somebody who is not the sender, if you have any:",
    ),
    told,
    compare,
    comparison,
    progress,
    results,
  );
  listen();
  document.documentElement.dataset.verifier = engine.ed25519;
}

if (place !== null) open();
