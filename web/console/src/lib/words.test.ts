import { describe, expect, it } from "vitest";
import { deliveryWords, draftSummary, holdWords, mendingWords, ownerWords, personName, reasonWords, speakerWords, titleWords } from "./words.ts";
import type { Item } from "./types.ts";

it("says why, also for a reason from a newer service", () => {
  expect(reasonWords("asked")).toBe("Asked for a person");
  expect(reasonWords("solar_eclipse")).toBe("solar eclipse");
});

it("says who has it", () => {
  const item = { owner: "agent", episode: { agent: { id: "a", name: "Ana" } } } as Item;
  expect([ownerWords(item, "a"), ownerWords(item, "b"), ownerWords({ ...item, owner: "bot" }, "a")]).toEqual(["You have it", "Ana has it", "The bot is talking"]);
});

it("names people and speakers also without a name", () => {
  expect([personName({ name: " ", channel: "widget" }), personName({ name: null, channel: "facebook" }), personName({ name: "Ana", channel: "rest" })]).toEqual(["Website visitor", "Someone on Messenger", "Ana"]);
  expect(speakerWords({ speaker: "ladder", name: null })).toEqual({ name: "Bot", kind: "handoff message" });
  expect(speakerWords({ speaker: "bot", name: null })).toEqual({ name: "Bot", kind: "" });
  expect(speakerWords({ speaker: "bot", name: "Mia" })).toEqual({ name: "Mia", kind: "bot" });
});

it.each([
  ["sent", null, true, "Seen"],
  ["sent", null, false, "Sent"],
  ["failed", "They blocked the page.", false, "Not delivered: They blocked the page."],
  ["failed", "unreachable", false, "Not delivered: they can't be reached"],
  [null, null, false, ""],
] as const)("delivery %s, %s, %s", (delivery, error, read, words) => {
  expect(deliveryWords(delivery, error, read)).toBe(words);
});

it("says why a message lies here and what to do, also for a reason from a newer service", () => {
  expect(mendingWords("config", "facebook")[0]).toBe("Messenger doesn't take this kind of message from the page.");
  expect(mendingWords("unknown", "facebook")[1]).toContain("may have it already");
  for (const reason of ["broken", "rejected", "temporary", "upload", "solar_eclipse", null]) {
    for (const words of mendingWords(reason, "facebook")) expect(words).toMatch(/^[A-Z].+\.$/);
  }
});

it("says why a channel is on hold and what to do", () => {
  expect(holdWords("token", "facebook")[0]).toBe("Messenger no longer accepts the page's access token.");
  for (const reason of ["rate", "away", "temporary", "http_502", null]) {
    for (const words of holdWords(reason, "facebook")) expect(words).toMatch(/^[A-Z].+\.$/);
  }
});

describe("draftSummary", () => {
  it("holds what they want and what was promised, and no empty labels", () => {
    expect(draftSummary({ headline: "Runs a bakery.", wants: ["more orders"], objections: [], promised: ["a call", "a price"] })).toBe("Wants: more orders.");
  });
  it("is empty without a card", () => {
    expect(draftSummary(null)).toBe("");
  });
});

it("counts in the title only while somebody waits", () => {
  expect([titleWords(0), titleWords(2)]).toEqual(["Warmline", "(2) Waiting · Warmline"]);
});
