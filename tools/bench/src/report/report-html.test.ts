import { expect, it } from "vitest";
import { createHistogram, latencyOf } from "../measure/histogram.ts";
import { reportHtml } from "./report-html.ts";
import type { Result } from "./result.ts";

it("a report has a curve and a row for each latency, and escapes every text it is given", () => {
  const hostile = "</title><b>";
  const times = createHistogram();
  for (const ms of [1, 10, 200]) times.record(ms);
  const section = {
    title: hostile,
    latencies: [latencyOf(hostile, times), latencyOf("ack", times)],
    figures: [{ name: hostile, value: 1, unit: hostile }],
    errors: { [hostile]: 2 },
  };
  const page = reportHtml({
    kind: "asks",
    protocol: "plain",
    at: hostile,
    settings: { [hostile]: hostile },
    sections: [section],
  } satisfies Result);
  expect(page.match(/<polyline/g)).toHaveLength(2);
  expect(page).toContain("<td>ack</td><td>10.01</td>");
  expect(page).not.toMatch(/<b>|<\/title>(?!\n<style>)/);
});
