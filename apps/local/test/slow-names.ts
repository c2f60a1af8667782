import { slowNames } from "@docrelay/testkit/slow-names";
import dns from "node:dns";
import { readFileSync } from "node:fs";

/*
 * Processes under test load this module before their own code. From then on, looking up a host name takes long if the
 * name is in the file STOPPED_NAMES, which lists the names of stopped machines.
 */
const file = process.env["STOPPED_NAMES"] ?? "";
const lookup = slowNames((name) => readFileSync(file, "utf8").split("\n").includes(name));
Object.assign(dns, { lookup });
