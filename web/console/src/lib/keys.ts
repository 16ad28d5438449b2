export type Shortcut = "next" | "previous" | "take" | "reply" | "note" | "give back" | "pass on" | "snooze" | "undo" | "search" | "help";

export const SHORTCUTS: [string, Shortcut, string][] = [
  ["j", "next", "Next conversation"],
  ["k", "previous", "Previous conversation"],
  ["t", "take", "Take it"],
  ["r", "reply", "Reply"],
  ["n", "note", "Write a note"],
  ["g", "give back", "Give it back to the bot"],
  ["p", "pass on", "Pass it on to a colleague or a team"],
  ["z", "snooze", "Snooze it"],
  ["u", "undo", "Undo what you just did: send, take, give back, pass on, snooze"],
  ["/", "search", "Search messages, notes and names"],
  ["?", "help", "This help"],
];

interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  isComposing: boolean;
}

/** The shortcut of a key press; null while somebody writes, or with a modifier that belongs to the browser. */
export function shortcutOf(event: Pressed, writing: boolean): Shortcut | null {
  if (writing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  return SHORTCUTS.find(([key]) => key === event.key)?.[1] ?? null;
}

/** Whether keys pressed here are somebody's words or belong to a control of their own. */
export function isWriting(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable], dialog") !== null;
}
