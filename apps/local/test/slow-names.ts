import { slowNames } from "@docrelay/testkit/slow-names";
import dns from "node:dns";
import { readFileSync } from "node:fs";

/*
 * Processes under test load this module before their own code. Look-ups of the names in the file STOPPED_NAMES, which
 * are those of stopped machines, take long.
 */
const file = process.env["STOPPED_NAMES"] ?? "";
const lookup = slowNames((name) => readFileSync(file, "utf8").split("\n").includes(name));
Object.assign(dns, { lookup });
