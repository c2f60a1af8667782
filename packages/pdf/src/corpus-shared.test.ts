import { sharedCorpus } from "@docrelay/testkit";
import { it } from "vitest";
import { corpusContract } from "../test/corpus.contract.ts";

const files = sharedCorpus();
if (files.length > 0) corpusContract("files of many makers", files);
else it.skip("../shared is not there");
