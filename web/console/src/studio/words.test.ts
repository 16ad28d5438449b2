import { expect, it } from "vitest";
import { jsonLines } from "./lines.ts";
import { fieldWords, heldWords, lastsWords, measureWords, outcomeWords, percent, planWords, rulingsFrom, sourceWords, speakerOf, theirClock, valueWords } from "./words.ts";

const plan = (stay: number, move: number, exit: number) => ({ version: 3, people: { stay, move, exit }, due_at_once: 2, due_next_hour: 5, due_next_day: 9, groups: [] });

it("says what publishing does to those inside", () => {
  expect(planWords(plan(0, 0, 0))).toEqual(["Nobody is inside an earlier version."]);
  expect(planWords(plan(1, 1200, 0))).toEqual([
    "1 person stays in the version they are in and finishes it.",
    "1,200 people go over to version 3.",
    "Falling due: 2 at once, 5 within an hour, 9 within a day.",
  ]);
  expect(outcomeWords({ version: 2, new: true, moved: 1, left: 0 })).toBe("Version 2 is published. 1 person went over.");
  expect(outcomeWords({ version: 2, new: false, moved: 0, left: 3 })).toContain("3 people could not be moved yet");
});

it.each([
  [null, "–"],
  [0, "0 %"],
  [0.004, "0.4 %"],
  [0.4567, "46 %"],
  [1, "100 %"],
])("%s of them is %s", (share, words) => {
  expect(percent(share)).toBe(words);
});

it("offers what can be done from where a flow stands", () => {
  expect(rulingsFrom("live")).toEqual(["pause", "drain", "stop"]);
  expect(rulingsFrom("paused")).toEqual(["resume", "drain", "stop"]);
  expect(rulingsFrom("draining")).toEqual(["resume", "stop"]);
  expect(rulingsFrom("stopped")).toEqual(["resume"]);
});

it("knows who speaks, and says the reasons of a hold in words", () => {
  expect(speakerOf("person").side).toBe("them");
  expect(speakerOf("(the flow ends)")).toEqual({ side: "note", name: "The flow ends" });
  expect(speakerOf("flow hello")).toEqual({ side: "us", name: "Flow, hello" });
  expect(heldWords("cap")).toContain("caps");
  expect(heldWords("something_new")).toBe("something new");
  expect([lastsWords(null), lastsWords(40), lastsWords(600), lastsWords(8000)]).toEqual(["–", "40 s", "10 min", "2.2 h"]);
});

it("tells times by the clock of whoever lives there", () => {
  const at = new Date("2026-03-02T23:30:00Z");
  expect(theirClock("Asia/Tokyo").time(at)).toBe("08:30");
  expect(theirClock("Asia/Tokyo").day(at)).toMatch(/^Tue,? 3 Mar$/);
  expect(theirClock("America/New_York").day(at)).toMatch(/^Mon,? 2 Mar$/);
  expect(theirClock("Nowhere/Land").time(at)).toMatch(/^\d\d:\d\d$/);
});

it("says where people came from and what they are worth", () => {
  expect([sourceWords("-"), sourceWords("insta"), measureWords("wrote_back"), measureWords("new_one")]).toEqual(["Not told", "insta", "Wrote back", "new one"]);
  expect([valueWords({}), valueWords({ EUR: "49.90", USD: "5" }), valueWords({ "": "3" })]).toEqual(["–", "49.90 EUR, 5 USD", "3"]);
  expect([fieldWords("audience"), fieldWords("trigger.new")]).toEqual(["its audience", "trigger.new"]);
});

it("reads a JSON object a line however the bytes are cut", async () => {
  const bytes = new TextEncoder().encode('{"progress":0.5}\n{"words":"né"}\n\n{"last":true}');
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 3) controller.enqueue(bytes.slice(at, at + 3));
      controller.close();
    },
  });
  const read: unknown[] = [];
  for await (const line of jsonLines(body)) read.push(line);
  expect(read).toEqual([{ progress: 0.5 }, { words: "né" }, { last: true }]);
});
