import type { Chat } from "../lib/chat.ts";

/** As much of a desk as a component under test is shown: one conversation, and what is done with it. */
export function shownDesk(chat: Chat): { me: { id: string; name: string; role: string }; current: Chat; said: string[]; undone: number; put: (words: string) => void } {
  let current = $state.raw(chat);
  const desk = {
    me: { id: "a1", name: "Ana Costa", role: "admin" },
    said: [] as string[],
    undone: 0,
    put: (() => undefined) as (words: string) => void,
    get current() {
      return current;
    },
    set current(next: Chat) {
      current = next;
    },
    chat: (): Chat => current,
    say: (_id: string, text: string): void => void desk.said.push(text),
    typing: (): void => undefined,
    undoLast: (): boolean => ++desk.undone > 0,
    writes(_id: string, put: (words: string) => void): () => void {
      desk.put = put;
      return () => undefined;
    },
  };
  return desk;
}
