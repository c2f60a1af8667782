/*
 * This file makes the `place` argument of `Sealing` for each kind of data. If a place changes, stored data become
 * unreadable.
 */

interface Conversation {
  readonly u: string;
  readonly c: string;
}

export const placeOfBody = ({ u, c }: Conversation): string => `body ${u} ${c}`;
export const placeOfTitle = ({ u, c }: Conversation): string => `title ${u} ${c}`;
export const placeOfNames = ({ u, c }: Conversation): string => `names ${u} ${c}`;
export const placeOfUpload = (key: string): string => `upload ${key}`;
export const placeOfChunk = (ref: string, offset: number): string => `blob ${ref} ${offset}`;
export const placeOfText = (key: string): string => `text ${key}`;
export const placeOfTextFacts = (key: string): string => `facts ${key}`;
export const placeOfPassword = (key: string): string => `password ${key}`;
export const placeOfSecret = (name: string): string => `secret ${name}`;
