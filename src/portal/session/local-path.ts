const LENGTH_MAX = 2000;

/**
 * A path of ours to go back to, or undefined when it could lead elsewhere: `//evil.example`, `/\evil.example`, tabs and line breaks that a
 * browser would drop.
 */
export function localPath(text: string): string | undefined {
  if (text.length > LENGTH_MAX || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(text)) return undefined;
  const base = "http://hms.invalid";
  if (!URL.canParse(text, base)) return undefined;
  const { origin, pathname, search } = new URL(text, base);
  // Dots are resolved only now: `/..//evil.example` has become `//evil.example`.
  return origin === base && !pathname.startsWith("//") ? `${pathname}${search}` : undefined;
}
