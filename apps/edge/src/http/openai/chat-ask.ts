import { refuse, type ChatMessage, type ChatRequest, type HttpAsk, type OpenAiFile } from "@docrelay/protocol";

type Files = NonNullable<HttpAsk["files"]>;
const NAMES = { user: "User", assistant: "Assistant", tool: "Tool", function: "Tool" } as const;

/** The question and the files of the ask that is made from one request of OpenAI's API. */
export interface ChatAsk {
  readonly message: string;
  readonly files: Files;
}

/**
 * Turns a chat with its whole history into one ask. The last message is the question. Instructions (`system`,
 * `developer`) and earlier messages are put before it as text; the files of the earlier messages and of the question
 * are attached. If the request names a conversation, that conversation's log has the earlier messages already, so those
 * of the request are left out.
 * @throws Refusal `BAD_MESSAGE`
 */
export function toChatAsk(request: ChatRequest): ChatAsk {
  checkOptions(request);
  const { messages, conversation } = request;
  const last = messages.at(-1);
  if (last?.role !== "user") throw unsupported("The last message must be of the role user.");
  const isInstruction = ({ role }: ChatMessage): boolean => role === "system" || role === "developer";
  const instructions = messages.filter(isInstruction).map(textOf);
  const earlier = conversation ? [] : messages.slice(0, -1).filter((each) => !isInstruction(each));
  const said = earlier.map((each) => [each.role, textOf(each)] as const).filter(([, text]) => text !== "");
  const question = textOf(last);
  const turns =
    said.length === 0
      ? [question]
      : [...said, ["user", question] as const].map(([role, text]) => `${NAMES[role as keyof typeof NAMES]}: ${text}`);
  return {
    message: [...instructions, ...turns].filter((text) => text !== "").join("\n\n"),
    files: unique([...earlier, last].flatMap(filesOf)),
  };
}

/** Refuses parameters that docrelay cannot fulfil: if they were ignored, the caller would wrongly rely on them. */
function checkOptions({ n, response_format: format, tool_choice: choice, modalities }: ChatRequest): void {
  if ((n ?? 1) !== 1) throw unsupported("`n` must be 1.");
  if (format && format.type !== "text") throw unsupported("`response_format` must be text.");
  if (choice === "required" || (choice && typeof choice === "object")) throw unsupported("Tools are not called.");
  if (modalities?.some((each) => each !== "text")) throw unsupported("`modalities` must be text.");
}

function textOf({ content }: ChatMessage): string {
  if (!content || typeof content === "string") return content ?? "";
  const texts = content.map((part) => {
    if (part.type === "text") return part.text ?? "";
    if (part.type === "refusal") return part.refusal ?? "";
    if (part.type === "file") return "";
    throw unsupported(
      `Parts of the type ${JSON.stringify(part.type.slice(0, 64))} are not supported: text and file are.`,
    );
  });
  return texts.filter((text) => text !== "").join("\n\n");
}

function filesOf({ content }: ChatMessage): Files {
  if (!content || typeof content === "string") return [];
  return content.flatMap(({ type, file }) => (type === "file" ? [toFile(file ?? {})] : []));
}

/**
 * Turns a file part of a message into a file as `POST /v1/asks` takes it. @throws Refusal `BAD_MESSAGE` for an empty
 * part
 */
export function toFile({ file_id: id, file_data: data, filename }: OpenAiFile): Files[number] {
  if (id) return { upload: id };
  if (data) return { name: filename ?? "document.pdf", content: data };
  throw unsupported("A file needs a `file_id` or `file_data`.");
}

/** Removes files that occur twice: a chat repeats the files of its earlier messages. */
function unique(files: Files): Files {
  return [...new Map(files.map((file) => ["upload" in file ? file.upload : file.content, file])).values()];
}

function unsupported(message: string): Error {
  return refuse("BAD_MESSAGE", { reason: "schema", message });
}
