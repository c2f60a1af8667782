import { corpus } from "@docrelay/testkit";
import { corpusContract } from "../test/corpus.contract.ts";

/*
 * Tests one file of each kind that testkit makes. `corpus-shared.test.ts` tests the files of many producers in
 * `../shared`, which takes a minute.
 */
corpusContract(
  "files made here",
  corpus().filter(({ file }) => file.startsWith("own/")),
);
