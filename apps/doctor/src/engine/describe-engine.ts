import type { Finding } from "../part.ts";
import { TOKENS_PER_BYTE } from "./find-largest.ts";
import type { EngineFacts, FailureFacts, ReplyFacts, SizeFacts } from "./facts.ts";

interface Described {
  readonly findings: readonly Finding[];
  readonly settings: Readonly<Record<string, string>>;
}

/** Turns the facts about an engine into findings, and into the settings that fit the engine. */
export function describeEngine(facts: EngineFacts): Described {
  const { certificate, connection, reply, failure, sizes } = facts;
  const findings: Finding[] = [];
  const settings: Record<string, string> = {};
  if (certificate) findings.push(ofCertificate(certificate));
  if (connection) findings.push(...ofConnection(connection));
  if (failure)
    findings.push({ level: "problem", about: connection ? "question" : "connection", text: ofFailure(failure, facts) });
  if (reply) {
    findings.push({ level: reply.chars > 0 ? "ok" : "problem", about: "question", text: ofReply(reply) });
    const { findings: more, settings: fit } = ofForm(reply, facts);
    findings.push(...more);
    Object.assign(settings, fit);
  }
  if (sizes) {
    findings.push(ofSizes(sizes, facts));
    if (sizes.failure?.tooLarge && sizes.taken > 0) {
      const isContext = sizes.failure.why === "prompt-context";
      if (!isContext) settings["ENGINE_MAX_PROMPT_BYTES"] = String(sizes.taken);
      // 1,000 is the smallest value that the setting allows.
      else settings["ENGINE_CONTEXT_TOKENS"] = String(Math.max(1000, Math.floor(sizes.taken * TOKENS_PER_BYTE)));
    }
  }
  return { findings, settings };
}

function ofCertificate({ issuer, validTo, problem }: NonNullable<EngineFacts["certificate"]>): Finding {
  if (problem === undefined) return { level: "ok", about: "certificate", text: `of ${issuer}, valid to ${validTo}` };
  const text = `of ${issuer}, valid to ${validTo}, is not accepted (${problem}): ${adviceFor(problem)}`;
  return { level: "problem", about: "certificate", text };
}

/** Returns advice for one of Node's error codes about certificates. */
function adviceFor(problem: string): string {
  if (problem === "CERT_HAS_EXPIRED") return "the engine needs a new one";
  if (problem === "CERT_NOT_YET_VALID") return "compare the clocks of both machines";
  if (problem === "ERR_TLS_CERT_ALTNAME_INVALID") return "it is for other names than the host of the engine's URL";
  if (problem === "CERT_REVOKED") return "its authority has revoked it";
  return "name its authority's file in NODE_EXTRA_CA_CERTS";
}

function ofConnection({ openMs, pongMs }: NonNullable<EngineFacts["connection"]>): Finding[] {
  const silent = "no answer in 5 s: after a ping its connections are not used again until they answer";
  return [
    { level: "ok", about: "connection", text: `open after ${ms(openMs)}; the path and the headers are accepted` },
    pongMs === undefined
      ? { level: "note", about: "pings", text: silent }
      : { level: "ok", about: "pings", text: `answered after ${ms(pongMs)}` },
  ];
}

const WRONG_SCHEME =
  "no certificate came: if the engine speaks without TLS there, its URL begins with ws:// or http://";

function ofFailure(failure: FailureFacts, { kind, configured, certificate }: EngineFacts): string {
  const parts = [`${failure.sentence} [${failure.why}]`];
  if (failure.said !== undefined && !failure.sentence.includes(failure.said)) parts.push(`it said: ${failure.said}`);
  if (failure.why === "tls" && certificate === undefined) parts.push(WRONG_SCHEME);
  if (failure.otherPathOpens) parts.push("with the slash at the end of the path added or left out, ENGINE_URL opens");
  if (failure.why === "http-401" || failure.why === "http-403")
    parts.push(
      kind === "websocket"
        ? "a key goes into ENGINE_HEADERS='Authorization: Bearer …'"
        : "a key goes into ENGINE_API_KEY",
    );
  if (failure.why === "timeout-first") parts.push(`ENGINE_FIRST_REPLY_TIMEOUT_MS is ${configured.firstReplyTimeoutMs}`);
  return parts.join("; ");
}

function ofReply({ chars, firstMs, totalMs, truncated }: ReplyFacts): string {
  if (chars === 0) return "answered without any text";
  const cut = truncated ? ", cut at a limit" : "";
  return `answered with ${chars} characters${cut}; the first after ${ms(firstMs)}, the end after ${ms(totalMs)}`;
}

/** Describes the form of the replies: single or stream, and how a reply ends. */
function ofForm({ habit, pieces, truncated }: ReplyFacts, { kind, configured }: EngineFacts): Described {
  const about = "reply";
  if (truncated) return { findings: [], settings: {} };
  if (kind !== "websocket") {
    const text = pieces > 1 ? `a stream of ${pieces} pieces` : "one piece: the server does not seem to stream";
    return { findings: [{ level: pieces > 1 ? "ok" : "note", about, text }], settings: {} };
  }
  const { text, fits } = formOf(habit, pieces);
  const findings: Finding[] = [{ level: "ok", about, text }];
  const isCut = configured.reply === "single" && pieces > 1;
  const isWaiting = configured.reply === "stream" && fits !== "stream";
  if (isCut) findings.push(wrongReply("with `single`, users get the first piece only"));
  if (isWaiting) findings.push(wrongReply("with `stream`, asks wait for an end that does not come"));
  // `auto` works with every engine, but the setting that fits this engine is recommended instead. A setting of the
  // operator other than `auto` is kept unless it is wrong.
  const better = isCut || isWaiting || configured.reply === "auto" ? fits : configured.reply;
  return { findings, settings: better === configured.reply ? {} : { ENGINE_REPLY: better } };
}

function wrongReply(text: string): Finding {
  return { level: "problem", about: "ENGINE_REPLY", text };
}

function formOf(habit: ReplyFacts["habit"], pieces: number): { text: string; fits: "auto" | "single" | "stream" } {
  if (habit?.ends === "mark")
    return {
      text: `${pieces > 1 ? `a stream of ${pieces} pieces` : "a stream"} that ends ${habit.sendsEnd ? "with an end frame" : "by closing the connection"}`,
      fits: "stream",
    };
  if (habit?.ends === "one") return { text: "a single frame, and nothing after it", fits: "single" };
  return {
    text: `${pieces} pieces without an end: each answer waits for a silence. An end frame {"type":"end"} saves that wait`,
    fits: "auto",
  };
}

function ofSizes({ taken, refused, failure }: SizeFacts, { configured }: EngineFacts): Finding {
  const about = "size";
  if (refused === undefined)
    return { level: "ok", about, text: `prompts up to ${size(taken)} (${configured.mostBy}) are answered` };
  const why = failure ? `: ${failure.sentence} [${failure.why}]` : "";
  const most = taken === 0 ? "no long prompt is answered" : `prompts up to ${size(taken)} are answered`;
  const text = `${most}, ${size(refused)} is not${why}. ${configured.mostBy} allows ${size(configured.mostBytes)}: raise the engine's limit (docs/engines.md, "What servers take"), or lower the setting`;
  return { level: "problem", about, text };
}

function ms(value: number): string {
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

function size(bytes: number): string {
  return bytes < 1_048_576 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
