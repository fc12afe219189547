/**
 * Reads property lists in XML as strictly as `plutil` does, for files that are made on other systems.
 *
 * @module
 */

/** A value in a property list, as far as ours hold such. */
export type PlistValue = string | number | boolean | PlistValue[] | { [key: string]: PlistValue };

/** @throws for anything but one well-formed value in a `plist`, with every key once. */
export function readPlist(text: string): PlistValue {
  const tokens = text.match(/<[^>]*>|[^<]+/g)!.filter((token) => token.startsWith("<") || token.trim() !== "");
  let at = 0;
  const next = (wanted?: string): string => {
    const token = tokens[at++];
    if (token === undefined || (wanted !== undefined && token !== wanted)) throw new Error(`${token}, not ${wanted}`);
    return token;
  };
  const textUntil = (end: string): string => {
    const content = tokens[at]!.startsWith("<") ? "" : next();
    next(end);
    const plain = content.replaceAll("&lt;", "<").replaceAll("&gt;", ">");
    if (/&(?!amp;)/.test(plain)) throw new Error(`An entity in ${content}`);
    return plain.replaceAll("&amp;", "&");
  };
  const value = (): PlistValue => {
    const token = next();
    if (token === "<string>") return textUntil("</string>");
    if (token === "<true/>" || token === "<false/>") return token === "<true/>";
    if (token === "<integer>") {
      const digits = textUntil("</integer>");
      if (!/^-?\d+$/.test(digits)) throw new Error(`${digits} is no integer`);
      return Number(digits);
    }
    if (token === "<array>") {
      const items: PlistValue[] = [];
      while (tokens[at] !== "</array>") items.push(value());
      next("</array>");
      return items;
    }
    if (token !== "<dict>") throw new Error(`${token} begins no value`);
    const entries: Record<string, PlistValue> = {};
    while (tokens[at] !== "</dict>") {
      next("<key>");
      const key = textUntil("</key>");
      if (Object.hasOwn(entries, key)) throw new Error(`${key} twice`);
      entries[key] = value();
    }
    next("</dict>");
    return entries;
  };
  next('<?xml version="1.0" encoding="UTF-8"?>');
  next('<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">');
  next('<plist version="1.0">');
  const found = value();
  next("</plist>");
  if (at !== tokens.length) throw new Error("More after the list");
  return found;
}
