import { corpus } from "@docrelay/testkit";
import { corpusContract } from "../test/corpus.contract.ts";

/* Files of every kind that testkit makes; those of many makers, in `../shared`, take a minute: corpus-shared.test.ts. */
corpusContract(
  "files made here",
  corpus().filter(({ file }) => file.startsWith("own/")),
);
