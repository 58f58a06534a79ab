// The report: 16 steps with three outcomes, and findings with the codes of docs/formats/verify-report.md.

const STEPS = [
  "files",
  "identity",
  "checkpoint",
  "manifests",
  "signatures",
  "log",
  "history",
  "trust files",
  "objects",
  "exchanges",
  "readings",
  "statements",
  "time stamps",
  "witnesses",
  "signer",
  "bundle",
];
const CORE = [1, 2, 3, 4, 5, 6];
const PASSED = "passed";
const FAILED = "failed";
const NOT_CHECKED = "not checked";
const WEIGHTS = {
  "signature-disowned": "disowned",
  "history-disowned": "remark",
  "link-not-checked": "remark",
  "checkpoint-line-unknown": "remark",
  "statement-unanchored": "remark",
  "statement-rendered": "remark",
  "object-still-here": "remark",
};
for (const code of [
  "genesis-newer",
  "checkpoint-unknown",
  "manifest-newer",
  "keys-unknown",
  "later-unknown",
  "since-not-checked",
  "object-taken-down",
  "object-withheld",
  "facts-newer",
  "source-not-checked",
  "content-not-checked",
  "stamp-not-checked",
  "signer-unconfirmed",
  "bundle-renderer",
  "log-handover",
  "page-not-checked",
  "object-in-part",
  "source-unnamed",
])
  WEIGHTS[code] = NOT_CHECKED;
const MAX_SHOWN = 1000; // findings of one code that are kept

class Outcome {
  constructor() {
    this.steps = STEPS.map((name, at) => ({
      number: at + 1,
      name,
      checked: 0,
      summary: "",
      skipped: null,
      empty: false,
    }));
    this.findings = [];
    this.counts = new Map();
    this.signers = new Map(); // fingerprint -> whether it was confirmed
    this.archive = this.origin = this.size = this.root = this.time = this.exporter = this.record = null;
    this.statements = [];
  }

  step(number) {
    return this.steps[number - 1];
  }

  find(step, code, message, file = null, sequence = null, weight = null) {
    const kept = this.counts.get(code) ?? 0;
    this.counts.set(code, kept + 1);
    const given = weight ?? WEIGHTS[code] ?? FAILED;
    if (kept < MAX_SHOWN || given === FAILED)
      this.findings.push({ step, code, weight: given, message: message.slice(0, 1000), file, sequence });
  }

  // What a fault says about a file: missing, or not what it should be. Anything but a Fault is a defect, and is thrown on.
  blame(step, fault, code, file, missing = code, sequence = null) {
    if (!(fault instanceof Fault)) throw fault;
    this.find(step, fault.kind === "missing" ? missing : code, fault.message, fault.where ?? file, sequence);
  }

  outcome(number) {
    const weights = this.findings.filter((finding) => finding.step === number).map((finding) => finding.weight);
    const step = this.step(number);
    if (weights.includes(FAILED) || weights.includes("disowned")) return FAILED;
    return step.skipped !== null || step.empty || weights.includes(NOT_CHECKED) ? NOT_CHECKED : PASSED;
  }

  why(number) {
    const outcome = this.outcome(number);
    const step = this.step(number);
    if (outcome === PASSED) return step.summary;
    const heavy = outcome === FAILED ? [FAILED, "disowned"] : [NOT_CHECKED];
    const first = this.findings.find((finding) => finding.step === number && heavy.includes(finding.weight));
    return first ? (first.file ? `${first.file}: ${first.message}` : first.message) : (step.skipped ?? step.summary);
  }

  get failed() {
    return this.findings.some((finding) => finding.weight === FAILED);
  }

  get verdict() {
    if (this.failed) return "FAILED";
    if (this.findings.some((finding) => finding.weight === "disowned")) return "disowned in part";
    const open = CORE.find((number) => this.outcome(number) === NOT_CHECKED);
    if (open !== undefined) return `undecided: a necessary check could not be made (step ${open}, ${STEPS[open - 1]})`;
    if (this.signers.size === 0 || [...this.signers.values()].includes(false))
      return "internally consistent; the signing key is unconfirmed";
    return "internally consistent, signed by a key that you confirmed";
  }

  toJSON() {
    return {
      verdict: this.verdict,
      archive: this.archive,
      origin: this.origin,
      size: this.size === null ? null : String(this.size),
      exporter: this.exporter,
      signers: [...this.signers.keys()],
      steps: this.steps.map(({ number, name, checked }) => ({
        number,
        name,
        outcome: this.outcome(number),
        why: this.why(number),
        checked,
      })),
      findings: this.findings,
      statements: this.statements,
    };
  }
}
