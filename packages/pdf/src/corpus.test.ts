import { corpus } from "@docrelay/testkit";
import { corpusContract } from "../test/corpus.contract.ts";

/*
 * One file of each kind that testkit makes. The files of many producers in `../shared` take a minute:
 * corpus-shared.test.ts.
 */
corpusContract(
  "files made here",
  corpus().filter(({ file }) => file.startsWith("own/")),
);
