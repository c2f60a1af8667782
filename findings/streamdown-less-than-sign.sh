#!/usr/bin/env bash
# streamdown leaves out all text after a `<` that is followed by a letter, also in answers that are finished.
source "$(dirname "$0")/lib/common.sh"
npm_packages streamdown@2.7.1 react@19.3.1 react-dom@19.3.1
run_node <<'JS'
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { Streamdown } from "streamdown";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "`if x <y then stop` is shown: by CommonMark a `<` that begins no tag is text",
  happens: "by default all that comes after it is missing; mode static shows it",
});
const shown = (text, mode) =>
  renderToStaticMarkup(createElement(Streamdown, mode ? { mode } : {}, text))
    .replace(/<[^>]*>/g, "")
    .replace("&lt;", "<")
    .trim();
const TEXT = "if x <y then stop";
usual("with a blank after it", shown("if x < y then stop"), "if x < y then stop");
usual("mode static", shown(TEXT, "static"), TEXT);
surprise("by default", { actual: shown(TEXT), recorded: "if x", expected: TEXT });
done();
JS
