import { expect, it } from "vitest";
import { hashOf, parseRoute } from "./route.ts";

it.each([
  ["", { page: "desk", view: "queue", id: null, card: false }],
  ["#/mine", { page: "desk", view: "mine", id: null, card: false }],
  ["#/all/c%2F7/card", { page: "desk", view: "all", id: "c/7", card: true }],
  ["#/all//card", { page: "desk", view: "all", id: null, card: false }],
  ["#/nonsense/%", { page: "desk", view: "queue", id: null, card: false }],
  ["#/all/c7/m42", { page: "desk", view: "all", id: "c7", card: false, seq: 42 }],
  ["#/all/c7/m0", { page: "desk", view: "all", id: "c7", card: false }],
  ["#/starters", { page: "starters" }],
  ["#/flows", { page: "studio", part: "flows", flow: null }],
  ["#/flows/win_back", { page: "studio", part: "flows", flow: "win_back" }],
  ["#/simulation/welcome", { page: "studio", part: "simulation", flow: "welcome" }],
  ["#/segments/4f2a", { page: "studio", part: "segments", flow: "4f2a" }],
  ["#/sources", { page: "studio", part: "sources", flow: null }],
  ["#/experiments", { page: "studio", part: "experiments", flow: null }],
  ["#/agents", { page: "agents" }],
  ["#/audit", { page: "audit" }],
  ["#/notifications", { page: "notifications" }],
  ["#/reports", { page: "reports" }],
  ["#/promises", { page: "promises" }],
  ["#/undelivered", { page: "undelivered" }],
])("%s", (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

it("hashOf and parseRoute are each other's inverse", () => {
  expect(parseRoute(hashOf("all", "c7", false, 42))).toEqual({ page: "desk", view: "all", id: "c7", card: false, seq: 42 });
  expect(parseRoute(hashOf("mine", "a/b c", true))).toEqual({ page: "desk", view: "mine", id: "a/b c", card: true });
});
