import * as api from "./api.ts";

/** What a form tries, once at a time, and the words to show when it is refused. */
export class Trying {
  words = $state("");
  busy = $state(false);

  /** True if it was done; false if it was refused, or if the last try is not over. */
  async run(act: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.words = "";
    try {
      await act();
      return true;
    } catch (error) {
      this.words = api.wordsOf(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
