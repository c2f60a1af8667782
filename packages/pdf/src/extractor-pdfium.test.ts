import { describe } from "vitest";
import { extractorContract } from "../test/extractor.contract.ts";

describe("an extractor with pdfium", () => extractorContract("pdfium"));
