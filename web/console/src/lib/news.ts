/** Which conversations were told of, in their order, so that a late answer puts nothing back that news has overtaken. */
export class News {
  readonly #told = new Map<string, number>();
  #count = 0;

  /** The conversation was told of just now. */
  tell(id: string): void {
    this.#told.set(id, ++this.#count);
  }

  /**
   * Whether a conversation was told of after this moment. An answer to what was asked before may be older than that news; were it
   * younger, more news would be on the way.
   */
  since(): (id: string) => boolean {
    const asked = this.#count;
    return (id) => (this.#told.get(id) ?? 0) > asked;
  }
}
