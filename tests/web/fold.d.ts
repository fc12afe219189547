export function fold(text: string): string;
export function splitAtWords(text: string, words: string[]): string[];
