import type { NoticeKind } from "./types.ts";
import { OFFERED_FOR_MS, type Undoable } from "./undo.ts";

export interface Notice {
  id: number;
  /** `done` says what I did myself. */
  kind: NoticeKind | "done";
  conversation: string;
  text: string;
  undo: Undoable | null;
}

const LASTS_MS = 8000;
/** As many are shown at once. */
const MOST = 4;

/** What the desk says in passing; breaches, losses and brakes stay until they are dismissed. */
export class Notices {
  all = $state.raw<Notice[]>([]);
  #id = 0;

  show(kind: Notice["kind"], text: string, conversation = "", undo: Undoable | null = null): void {
    const id = ++this.#id;
    // The latest about a conversation says it all; only a breach and a flow that paused itself stay beside it.
    const stays = (one: Notice): boolean => one.kind === "breach" || one.kind === "brake" || (one.kind === "done" && kind !== "done");
    const said = (one: Notice): boolean => (one.text === text && one.kind === kind && one.kind !== "done") || (conversation !== "" && one.conversation === conversation && !stays(one));
    this.all = [...this.all.filter((one) => !said(one)), { id, kind, text, conversation, undo }].slice(-MOST);
    if (kind !== "breach" && kind !== "lost" && kind !== "brake") setTimeout(() => this.dismiss(id), undo ? OFFERED_FOR_MS : LASTS_MS);
  }

  dismiss(id: number): void {
    this.drop((one) => one.id === id);
  }

  drop(stale: (notice: Notice) => boolean): void {
    if (this.all.some(stale)) this.all = this.all.filter((one) => !stale(one));
  }
}
