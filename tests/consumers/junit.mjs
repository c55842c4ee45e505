// Prints how two of npm's readers count a JUnit file.
import { parse } from "junit2json";
import reader from "test-results-parser";
import { readFileSync } from "node:fs";
const file = process.argv[2];
const suites = await parse(readFileSync(file, "utf8"));
const { result } = reader.parseV2({ type: "junit", files: [file] });
const cases = suites.testsuite.flatMap((s) => s.testcase);
const count = (k) => cases.filter((c) => c[k]).length;
console.log(JSON.stringify({
  junit2json: { cases: cases.length, failures: count("failure"), errors: count("error"), skipped: count("skipped") },
  "test-results-parser": { cases: result.total + result.skipped, failures: result.failed, errors: result.errors, skipped: result.skipped },
}));
