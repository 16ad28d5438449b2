// @vitest-environment happy-dom
import { flushSync } from "svelte";
import { afterEach, expect, test, vi } from "vitest";
import { hide, one, page, press, show } from "../parts/shown.svelte.ts";
import SegmentPage from "./SegmentPage.svelte";
import Segments from "./Segments.svelte";
import Sources from "./Sources.svelte";

const json = (body: object, status = 200): Response => new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
const asked: string[] = [];

/** What the service answers, one answer after the other; an error is a line that broke. */
function answers(...given: (object | Error)[]): void {
  asked.length = 0;
  vi.stubGlobal("fetch", (address: string) => {
    asked.push(address);
    const next = given.shift();
    return next instanceof Error || next === undefined ? Promise.reject(new TypeError("Failed to fetch")) : Promise.resolve(json(next));
  });
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve));
  flushSync();
}

const segment = (people: number) => ({ id: "4f", says: "Tagged vip", flows: [{ flow: "treat", name: "Treat", does: "starts", field: "trigger.tag" }], people, opted_out: 1 });
const counts = { people: 2, wrote_back: 1, enrolled: 1, goal: 0, opted_out: 1, won: 0, lost: 0, later: 0, no_fit: 0, conversions: 1, conversion_rate: 0.5, opt_out_rate: 0.5, value: { EUR: "49.90" } };
const somebody = { conversation_id: "c1", channel: "rest", external_id: "ann", name: null, tags: ["vip"], last_wrote_at: null, opted_out_at: "2026-11-20T10:00:00Z" };

afterEach(() => {
  hide();
  vi.unstubAllGlobals();
});

test("segments say what is counted, that there are none, and that they could not be had", async () => {
  answers(new Error("away"), { segments: [], looked_at: 0, all: true, at: "2026-11-26T10:00:00Z" });
  show(Segments, {});
  expect(page()).toContain("Counting people");
  await settled();
  expect(one("[role=alert]").textContent).toContain("can't be reached");
  press("Try again");
  await settled();
  expect(page()).toContain("No flow names a segment.");

  answers({ segments: [segment(3)], looked_at: 100000, all: false, at: "2026-11-26T10:00:00Z" });
  show(Segments, {});
  await settled();
  expect(page()).toContain("at least 3");
  expect(page()).toContain("Starts treat (when tagged)");
  expect(page()).toContain("there are more");
});

test("the people of a segment come page by page", async () => {
  const { id, says, flows } = segment(2);
  const shape = { id, says, flows };
  answers({ segment: shape, people: [somebody], next: "c1", looked_at: 50 }, { segment: shape, people: [], next: null, looked_at: 7 });
  show(SegmentPage, { id: "4f" });
  await settled();
  expect(page()).toContain("ann REST; never wrote; vip Opted out");
  expect(page()).toContain("1 among the first 50 people");
  press("Look for more");
  await settled();
  expect(asked[1]).toBe("/api/studio/segments/4f?after=c1");
  expect(page()).toContain("These are all: 1.");
});

test("sources are told with what they are worth, most people first, and an empty time is said", async () => {
  const row = (key: string, people: number) => ({ ...counts, key, people });
  answers({ by: "source", rows: [row("ad", 1), row("insta", 4)], total: row("total", 5) });
  show(Sources, {});
  await settled();
  expect([...document.querySelectorAll("tbody th")].map((cell) => cell.textContent)).toEqual(["insta", "An ad"]);
  expect(page()).toContain("49.90 EUR");
  answers({ by: "source", rows: [], total: row("total", 0) });
  show(Sources, {});
  await settled();
  expect(page()).toContain("Nobody came for the first time in that time.");
});
