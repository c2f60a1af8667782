#!/usr/bin/env bash
# With TypeScript 7 installed, dependency-cruiser does not report a cycle between two .ts files, and exits with 0.
source "$(dirname "$0")/lib/common.sh"
npm_packages dependency-cruiser@18.7.2 typescript@7.0.2
mkdir source
echo 'import { b } from "./b.js"; export const a = (): number => b();' >source/a.ts
echo 'import { a } from "./a.js"; export const b = (): number => a();' >source/b.ts
cat >rules.cjs <<'JS'
module.exports = { forbidden: [{ name: "no-circular", severity: "error", from: {}, to: { circular: true } }] };
JS
cruise() { npx depcruise --config rules.cjs source >"$1.log" 2>&1 && echo 0 >"$1.code" || echo $? >"$1.code"; }
cruise with-7
npm install --silent --prefer-offline --no-audit --no-fund --ignore-scripts --save-exact typescript@6.0.3
echo "version: typescript@6.0.3, afterwards"
cruise with-6
run_node <<'JS'
import { readFileSync } from "node:fs";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "files that the tool cannot read make a gate of a build fail",
  happens: "with TypeScript 7 no file is looked at, no rule is broken, and the exit code is 0: the report looks like a clean one",
});
const run = (name) => {
  const printed = readFileSync(`${name}.log`, "utf8");
  const [, modules] = /(\d+) modules/.exec(printed);
  return { modules: Number(modules), exitCode: Number(readFileSync(`${name}.code`, "utf8")) };
};
usual("TypeScript 6", run("with-6"), { modules: 2, exitCode: 1 });
surprise("TypeScript 7", {
  actual: run("with-7"),
  recorded: { modules: 0, exitCode: 0 },
  expected: { modules: 2, exitCode: 1 },
});
console.log(readFileSync("with-7.log", "utf8").replace(/^/gm, "          "));
done();
JS
