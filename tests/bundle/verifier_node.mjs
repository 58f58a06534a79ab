// Runs the browser's verifier in node over zips: node verifier_node.mjs SCRIPT [--noble] < names of files, one a line.
// Prints one line of JSON for each: the report, {"refused": why}, or {"defect": what} for anything but a Fault.
import { openAsBlob, readFileSync } from "node:fs";
import vm from "node:vm";

const [script, forced] = process.argv.slice(2);
vm.runInThisContext(readFileSync(script, "utf-8"), { filename: script });
const { verifyBundle, sourceOfBlob, chooseEngine } = globalThis.archiver;
await chooseEngine(forced === "--noble" ? "noble" : null);
for (const name of readFileSync(0, "utf-8").split("\n").filter(Boolean)) {
  let line;
  try {
    line = (await verifyBundle(sourceOfBlob(await openAsBlob(name)))).toJSON();
  } catch (error) {
    line = error.kind ? { refused: error.message } : { defect: String(error.stack) };
  }
  console.log(JSON.stringify(line));
}
