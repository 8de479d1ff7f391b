// What can be said of a value that was exported: in words for an error message, and of a function how it takes its parameters.

export function inWords(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "function") {
    if (isClass(value)) return `the class ${value.name || "(no name)"}`;
    return `the function ${value.name || "(no name)"}`;
  }
  if (typeof value !== "object") return `a ${typeof value}`;
  const keys = Object.keys(value);
  if (keys.length === 0) return "an object without properties";
  const shown = keys.slice(0, 5).join(", ");
  return `an object with ${shown}${keys.length > 5 ? ", ..." : ""}`;
}

export function isClass(value: object): boolean {
  return /^class\b/.test(sourceOf(value));
}

/** Of a function's own text; one of the engine's, or a bound one, takes whatever it is given. */
export function parametersOf(value: object): { readonly first: string; readonly takesRest: boolean } {
  const source = sourceOf(value);
  const [, list = "", single = ""] =
    /^(?:async\s+)?(?:function\b\s*\*?\s*[\w$]*\s*|[\w$]+\s*)?\(([^)]*)|^(?:async\s+)?([\w$]+)\s*=>/.exec(
      source,
    ) ?? [];
  const first = /^\s*([\w$]*)/.exec(list === "" ? single : list)?.[1] ?? "";
  const isNative = source.includes("[native code]");
  return { first, takesRest: isNative || /\.\.\./.test(list) || /\barguments\b/.test(source) };
}

function sourceOf(value: object): string {
  return Function.prototype.toString.call(value);
}
