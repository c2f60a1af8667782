#!/usr/bin/env bash
# In vitest's toMatchObject, the pattern { a: {} } matches any value of `a`, also null and numbers.
source "$(dirname "$0")/lib/common.sh"
npm_packages vitest@5.1.2
cat >probe.test.mjs <<'JS'
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
test("probe", () => {
  const outcomes = {};
  const attempt = (name, assertion) => {
    try {
      assertion();
      outcomes[name] = "passes";
    } catch {
      outcomes[name] = "fails";
    }
  };
  for (const [name, a] of Object.entries({ object: { b: 1 }, number: 1, text: "x", null: null, undefined })) {
    attempt(`${name} against { a: {} }`, () => expect({ a }).toMatchObject({ a: {} }));
    attempt(`${name} against { a: { b: 1 } }`, () => expect({ a }).toMatchObject({ a: { b: 1 } }));
  }
  attempt("nothing against { a: {} }", () => expect({}).toMatchObject({ a: {} }));
  writeFileSync("outcomes.json", JSON.stringify(outcomes));
});
JS
npx vitest run --silent >vitest.log 2>&1 || { cat vitest.log; exit 1; }
run_node <<'JS'
import { readFileSync } from "node:fs";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "{ a: {} } asks for an object (or anything that is not null), as { a: { b: 1 } } does",
  happens: "an empty object as the pattern of a property only asks that the property is there: `undefined` will do",
});
const outcomes = JSON.parse(readFileSync("outcomes.json", "utf8"));
usual("an object against { a: {} }", outcomes["object against { a: {} }"], "passes");
usual("no such property against { a: {} }", outcomes["nothing against { a: {} }"], "fails");
for (const value of ["number", "text", "null", "undefined"]) {
  usual(`${value} against { a: { b: 1 } }`, outcomes[`${value} against { a: { b: 1 } }`], "fails");
  surprise(`${value} against { a: {} }`, {
    actual: outcomes[`${value} against { a: {} }`],
    recorded: "passes",
    expected: "fails",
  });
}
done();
JS
