import { corpus } from "@docrelay/testkit";
import { corpusContract } from "../test/corpus.contract.ts";

/*
 * One generated file of each kind. `corpus-shared.test.ts` tests the files of many programs in `../shared`, which takes
 * a minute.
 */
corpusContract(
  "files made here",
  corpus().filter(({ file }) => file.startsWith("own/")),
);
