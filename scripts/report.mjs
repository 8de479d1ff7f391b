// One line from the test runner's JSON report. Run by itself it prints that line.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const REPORT = ".cache/test-report.json";

export function reportLine() {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
      readFileSync(REPORT, "utf8"),
    );
    return `tests: ${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests + numTodoTests} skipped`;
  } catch {
    return "tests: 0 passed, 1 failed, 0 skipped";
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(reportLine());
