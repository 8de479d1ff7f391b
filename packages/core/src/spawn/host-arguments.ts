// The flags of the host's Node as a process that it starts inherits them, as `fork` does: preloads and loaders (`--import tsx`),
// permissions, limits. Not those that say what the host itself runs (a text, a test, a watch), nor its inspector, whose port is
// taken and which would stop the process before it has begun.

const WITH_VALUE: ReadonlySet<string> = new Set(["-e", "--eval", "-p", "--print", "-pe"]);
const OWN = /^(--(eval|print|input-type|inspect|watch|test|check|interactive)\b|-[cip]$)/;

export function hostArguments(execArgv: readonly string[] = process.execArgv): readonly string[] {
  const inherited: string[] = [];
  let isValue = false;
  for (const each of execArgv) {
    const isOwn = isValue || WITH_VALUE.has(each) || OWN.test(each);
    isValue = !isValue && WITH_VALUE.has(each);
    if (!isOwn) inherited.push(each);
  }
  return inherited;
}
