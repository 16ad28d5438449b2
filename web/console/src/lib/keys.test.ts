import { expect, it } from "vitest";
import { shortcutOf } from "./keys.ts";

const press = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, ...more });

it("knows the shortcuts", () => {
  expect(["j", "k", "t", "r", "n", "g", "p", "z", "/", "?", "x", "J"].map((key) => shortcutOf(press(key), false))).toEqual(["next", "previous", "take", "reply", "note", "give back", "pass on", "snooze", "search", "help", null, null]);
});

it("keeps still while somebody writes or holds a modifier", () => {
  expect(shortcutOf(press("t"), true)).toBeNull();
  expect(shortcutOf(press("t", { ctrlKey: true }), false)).toBeNull();
  expect(shortcutOf(press("t", { isComposing: true }), false)).toBeNull();
});
