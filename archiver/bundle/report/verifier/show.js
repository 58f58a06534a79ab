// A report as elements of the page. Text from evidence goes into text nodes only, and keeps its own direction.

const LABELS = [
  "Every file is listed, and none was added, removed or changed",
  "The archive’s first record is signed by the keys that it names",
  "The log’s state is signed by the log’s keys",
  "Each record is in its one form, at its place",
  "Each record is signed by a key in force at its place",
  "Each record is in the log",
  "The log extends what others saw of it before",
  "The key files agree with the records",
  "The sealed files have the bytes that were sealed",
  "The exchanges with the server hold together",
  "What was read is what was received",
  "The words of each statement stand in what was received",
  "Time stamps",
  "Witnesses",
  "The keys are those of somebody whom you know",
  "The exporter signed this bundle",
];

const VERDICTS = {
  FAILED:
    "Something does not hold, is missing, or was added. Do not rely on this bundle. Keep it as it is, and ask for it again.",
  "disowned in part":
    "Nothing is broken, but some of it was signed with a key after it was no longer believed: it may have been stolen.",
  undecided: "A necessary check could not be made. Nothing is shown.",
  "internally consistent; the signing key is unconfirmed":
    "Everything that this page looks at agrees with itself. Anybody can make such a bundle, with keys of their own: compare the fingerprints below with somebody who is not the sender.",
  "internally consistent, signed by a key that you confirmed":
    "Everything that this page looks at agrees with itself, and the keys are those that you were told. Read below what was not checked.",
};

const NOT_PROVEN = [
  "that the server told the truth, or that another visitor would have received the same page",
  "that a quoted person said the words, or that they are true: only that the page said so",
  "when it was captured: all times here are those of the collector’s clock",
  "that there is nothing else: a bundle is its exporter’s selection",
  "that no key was revoked after the bundle’s checkpoint",
];

// An element with attributes and children; strings become text.
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

const code = (text) => make("span", { class: "code", dir: "ltr" }, text);
const quoted = (text) => make("span", { class: "text", dir: "auto" }, text);
const badge = (outcome) => make("strong", { class: `outcome ${outcome.replace(" ", "-")}` }, outcome);

function showVerdict(verdict) {
  const key = Object.keys(VERDICTS).find((start) => verdict.startsWith(start));
  const kind = verdict === "FAILED" || verdict === "disowned in part" ? "failed" : "open";
  return make(
    "div",
    { class: `verdict ${kind}`, role: "status" },
    make("h3", {}, `Result: ${verdict}`),
    make("p", {}, VERDICTS[key]),
  );
}

function showSteps(report) {
  const body = make("tbody");
  for (const { number } of report.steps) {
    body.append(
      make(
        "tr",
        {},
        make("td", { class: "number" }, String(number)),
        make("td", {}, LABELS[number - 1]),
        make("td", { "data-label": "Outcome", class: "number" }, badge(report.outcome(number))),
        make("td", { "data-label": "Why" }, quoted(report.why(number))),
      ),
    );
  }
  const head = make("tr", {}, ...["Step", "What", "Outcome", "Why"].map((text) => make("th", { scope: "col" }, text)));
  return make(
    "table",
    { class: "stack" },
    make("caption", {}, "The steps of verification, numbered as in the format documents"),
    make("thead", {}, head),
    body,
  );
}

function row(label, ...values) {
  return make("div", {}, make("dt", {}, label), make("dd", {}, ...values));
}

function showFingerprints(report) {
  const list = make("dl", { class: "rows" });
  if (report.archive !== null)
    list.append(row("Archive", code(short(report.archive)), make("span", { class: "note code" }, report.archive)));
  for (const [fingerprint, confirmed] of report.signers)
    list.append(
      row("Records signed by", code(fingerprint), confirmed ? " " : null, confirmed ? badge("confirmed") : null),
    );
  if (report.exporter !== null) list.append(row("Bundle exported by", code(report.exporter)));
  if (report.size !== null) list.append(row("Log", `${report.size} records, root `, code(report.root)));
  if (report.record !== null) list.append(row("Exported", `${report.record.created}, with ${report.record.software}`));
  return list;
}

function showStatements(report) {
  const section = make("div", {}, make("h3", {}, count(report.statements.length, "statement")));
  if (report.failed) {
    section.append(make("p", {}, "They are not shown here, because something in this bundle does not hold."));
    return section;
  }
  for (const { ref, statement, words } of report.statements.slice(0, 500)) {
    const who = statement.speaker?.name ?? "speaker not identified";
    section.append(
      make(
        "div",
        { class: "statement" },
        make(
          "h4",
          {},
          make("span", { class: "ref" }, ref),
          quoted(who),
          statement.polarity === "denied" ? make("span", { class: "denied" }, " denies:") : null,
        ),
        make("blockquote", { dir: "auto" }, statement.parts.map((part) => part.exact).join(" […] ")),
        make(
          "dl",
          { class: "rows" },
          row("Listed in the signed record", badge(words.listed)),
          row("In the sealed text of the page", badge(words.text)),
          words.made === undefined
            ? null
            : row("In the document that the collector’s browser made by running the page’s scripts", badge(words.made)),
          row("In the bytes that the server sent", badge(words.bytes)),
        ),
      ),
    );
  }
  if (report.statements.length > 500) section.append(make("p", {}, `and ${report.statements.length - 500} more`));
  return section;
}

function showFindings(report) {
  const findings = report.findings.filter((finding) => finding.weight !== "remark");
  const items = findings
    .slice(0, 200)
    .map(({ step, weight, file, message }) =>
      make(
        "li",
        {},
        badge(weight),
        ` step ${step}: `,
        file === null ? "" : code(file),
        file === null ? "" : ": ",
        quoted(message),
      ),
    );
  if (findings.length > 200) items.push(make("li", {}, `and ${findings.length - 200} more`));
  return make(
    "details",
    report.failed ? { open: "" } : {},
    make("summary", {}, `All that failed or was not checked (${findings.length})`),
    make("ul", {}, ...items),
  );
}

function showReport(report) {
  return [
    showVerdict(report.verdict),
    make("h3", {}, "Fingerprints to compare with somebody who is not the sender"),
    showFingerprints(report),
    showSteps(report),
    showFindings(report),
    ...(report.statements.length ? [showStatements(report)] : []),
    make("h3", {}, "What this does not prove"),
    make("ul", {}, ...NOT_PROVEN.map((line) => make("li", {}, `${line}.`))),
  ];
}
