/** Where what I am writing to somebody is kept, over a reload too. */
export const draftOf = (id: string): string => `warmline:draft:${id}`;

/** The words of a message that was taken back, before whatever stands in the box by now. */
export const putBack = (words: string, box: string): string => (box.trim() === "" ? words : `${words}\n${box}`);
