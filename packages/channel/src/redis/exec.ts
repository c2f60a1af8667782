import { ChannelError, type Store } from "./store.ts";

/** Runs a transaction and returns its replies in order; the first failed command is the error of all. */
export async function exec(transaction: ReturnType<Store["redis"]["multi"]>): Promise<unknown[]> {
  const replies = await transaction.exec();
  if (!replies) throw new ChannelError("wrong-answer", "the transaction was discarded");
  return replies.map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
}
