import { channelOf, conversationAddress, decodeFrame } from "@docrelay/channel";
import { consumeExtracts } from "@docrelay/jobs";
import { eventually, makePdf } from "@docrelay/testkit";
import type { Progress } from "@docrelay/protocol";
import { expect, it } from "vitest";
import { useWorker, USER } from "../../test/fixture.ts";
import { startQueuePlaces } from "./queue-places.ts";

const at = useWorker();

it("asks hear which place their file has in the queue of extractions, while it waits", async () => {
  await at.here();
  const heard: Progress[] = [];
  const listener = at.connect();
  listener.on("smessage", (_channel, message) => {
    const frame = decodeFrame(String(message));
    if (frame?.name === "progress") heard.push(frame.progress);
  });
  for (const conversation of ["talk", "walk"])
    await listener.ssubscribe(channelOf(conversationAddress(USER, conversation)));

  const running: string[] = [];
  const ends: Array<() => void> = [];
  const errors: unknown[] = [];
  await using consumer = consumeExtracts({
    connection: at.connect(),
    concurrency: 1,
    handle: ({ key }) => {
      running.push(key);
      return new Promise((resolve) => ends.push(() => resolve("done")));
    },
    longMs: 600_000,
    onError: (error) => errors.push(error),
  });
  using _places = startQueuePlaces(at.store, consumer, (error) => errors.push(error));
  const fileOf = (name: string) => at.file(`${name}.pdf`, makePdf({ pages: [`The ${name} file.`] }));
  await fileOf("first");
  await eventually(() => running.length === 1);
  await at.ask("talk", "second", { files: [await fileOf("second")] });
  await at.ask("walk", "third", { files: [await fileOf("third")] });

  const placesOf = (ask: string): Array<number | undefined> =>
    heard.filter((one) => one.stage === "queued" && one.ask === ask).map(({ position }) => position);
  await eventually(() => placesOf("third").includes(2), { what: "the place of the third file" });
  expect(heard).toContainEqual({ conversation: "walk", ask: "third", stage: "queued", file: 0, position: 2 });
  await eventually(() => placesOf("second").length > 0, { what: "the place of the second file" });
  expect(new Set(placesOf("second"))).toEqual(new Set([1]));
  ends.shift()?.();
  await eventually(() => running.length === 2);
  await eventually(() => placesOf("third").includes(1), { what: "the first place of the third file" });
  heard.length = 0; // the lists that had the second file are published
  await eventually(() => placesOf("third").includes(1), { what: "the place once more" });
  expect(placesOf("second")).toEqual([]); // it is being extracted
  for (const end of ends) end();
  await eventually(() => running.length === 3);
  for (const end of ends) end();
  expect(errors).toEqual([]);
});
