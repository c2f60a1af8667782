import type * as protocol from "@docrelay/protocol";
import { expectTypeOf, test } from "vitest";
import type * as own from "./contract.ts";

// The compiler makes the comparison: if only one side has a field, a code or a stage, this file does not compile.
test("the SDK's types of what the server sends are those of the schemas", () => {
  expectTypeOf<own.ErrorCode>().toEqualTypeOf<protocol.ErrorCode>();
  expectTypeOf<own.WireError>().toEqualTypeOf<protocol.WireError>();
  expectTypeOf<own.MissingPage>().toEqualTypeOf<protocol.MissingPage>();
  expectTypeOf<own.Citation>().toEqualTypeOf<protocol.Citation>();
  expectTypeOf<own.Timings>().toEqualTypeOf<protocol.EventOf<"completed">["timings"]>();
  expectTypeOf<own.Event>().toEqualTypeOf<protocol.Event>();
  expectTypeOf<own.Progress>().toEqualTypeOf<protocol.Progress>();
  expectTypeOf<own.UploadStatus>().toEqualTypeOf<protocol.UploadStatus>();
  expectTypeOf<own.ListedConversation>().toEqualTypeOf<protocol.ListedConversation>();
  expectTypeOf<own.ConversationsHint>().toEqualTypeOf<protocol.ConversationsHint>();
  expectTypeOf<own.Shared>().toEqualTypeOf<protocol.Shared>();
  expectTypeOf<own.Usage>().toEqualTypeOf<protocol.HttpUsage>();
  expectTypeOf<own.Limits>().toEqualTypeOf<protocol.Limits>();
});
