/** A flow as it is written: its own file and its blocks by name. */
export interface Draft {
  text: string;
  blocks: Record<string, string>;
}

/** What somebody wrote and has not published, by flow: it outlives the editor, so it can be played first, but not the page. */
export const drafts = new Map<string, Draft>();
