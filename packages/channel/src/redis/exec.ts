import { ChannelError, type Store } from "./store.ts";

/** Runs a transaction and returns its replies in order. Throws the error of the first failed command. */
export async function exec(transaction: ReturnType<Store["redis"]["multi"]>): Promise<unknown[]> {
  const replies = await transaction.exec();
  if (!replies) throw new ChannelError("wrong-answer", "the transaction was discarded");
  return replies.map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
}
