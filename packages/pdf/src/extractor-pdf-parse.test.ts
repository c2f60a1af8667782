import { describe } from "vitest";
import { extractorContract } from "../test/extractor.contract.ts";

describe("an extractor with pdf-parse", () => extractorContract("pdf-parse"));
