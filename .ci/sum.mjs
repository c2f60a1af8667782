// Summarises vitest's JSON reports. `node .ci/sum.mjs files REPORT` prints the test files that failed, one a line.
// `node .ci/sum.mjs sum STAGES REPORT[+SECOND]…` prints each failed test once more, because its first output is
// thousands of lines above, and then the closing line. STAGES is the number of failed stages. SECOND is the report of a
// second run, of the files that failed in REPORT.
import { readFileSync } from "node:fs";

const WHY_LINES = 12;
const say = (line) => process.stdout.write(`${line}\n`);
const read = (file) => JSON.parse(readFileSync(file, "utf8"));

/**
 * Returns the failed tests as `{ file, test, why }`. A file that failed although none of its tests did is in the list,
 * too.
 */
function failuresOf({ testResults }) {
  return testResults.flatMap(({ name: file, assertionResults, message }) => {
    const red = assertionResults.filter(({ status }) => status === "failed");
    if (red.length === 0) return message === "" ? [] : [{ file, test: "the file itself", why: message }];
    return red.map(({ fullName, failureMessages }) => ({ file, test: fullName, why: failureMessages.join("\n") }));
  });
}

/**
 * Returns the counts of a report, with its failures in two lists: `flaky` are the failures of files that passed in the
 * second run, `failed` are all others.
 */
function countsOf(report, second) {
  const failures = failuresOf(report);
  const again = new Set(failuresOf(second ?? report).map(({ file }) => file));
  const seen = new Set((second ?? { testResults: [] }).testResults.map(({ name }) => name));
  const isFlaky = ({ file }) => seen.has(file) && !again.has(file);
  const flaky = failures.filter(isFlaky);
  return {
    passed: report.numPassedTests + flaky.filter(({ test }) => test !== "the file itself").length,
    skipped: report.numPendingTests,
    failed: failures.filter((one) => !isFlaky(one)),
    flaky,
  };
}

function tell(word, { file, test, why }) {
  say(`${word} ${file}\n  ${test}\n${why.split("\n").slice(0, WHY_LINES).join("\n")}\n`);
}

function sum(stages, reports) {
  const all = { passed: 0, skipped: 0, failed: 0, flaky: 0 };
  for (const names of reports) {
    try {
      const [report, second] = names.split("+").map(read);
      const counts = countsOf(report, second);
      for (const one of counts.flaky) tell("FLAKY", one);
      for (const one of counts.failed) tell("FAILED", one);
      all.passed += counts.passed;
      all.skipped += counts.skipped;
      all.failed += counts.failed.length;
      all.flaky += counts.flaky.length;
    } catch {
      say(`${names} is missing`);
    }
  }
  if (all.flaky > 0) say(`${all.flaky} passed only when run again, alone: each is a fault to mend, named above`);
  // The number of failures is at least that of failed stages, because a stage may fail without a failed test (a linter,
  // the chaos run).
  const failed = Math.max(all.failed, stages);
  say(`${all.passed} passed, ${failed} failed${all.skipped > 0 ? `, ${all.skipped} skipped` : ""}`);
}

const [task, ...words] = process.argv.slice(2);
if (task === "files") for (const file of new Set(failuresOf(read(words[0])).map((one) => one.file))) say(file);
if (task === "sum") sum(Number(words[0]), words.slice(1));
