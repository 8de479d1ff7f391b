// Finds promises that nobody waits for, and functions that return one where nobody takes it, with TypeScript's own types: the
// rejection of either ends the process.
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";

const ROOT = resolve(import.meta.dirname, "../../../..");

/** The one helper that takes the rejection; its own last line is the end of all chains. */
const HELPER = "packages/core/src/link/detached.ts";

export function programOf(files: readonly string[], host?: ts.CompilerHost): ts.Program {
  const path = join(ROOT, "tsconfig.base.json");
  const { config } = ts.readConfigFile(path, (each) => ts.sys.readFile(each));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(path));
  const own = { noEmit: true, composite: false, incremental: false, isolatedDeclarations: false };
  return ts.createProgram(files, { ...options, ...own, declaration: false, types: ["node"] }, host);
}

/** One line for each: where, and what. */
export function floatingPromises(program: ts.Program, isChecked: (file: string) => boolean): string[] {
  const checker = program.getTypeChecker();
  const found: string[] = [];
  for (const source of program.getSourceFiles()) {
    if (source.isDeclarationFile || !isChecked(source.fileName)) continue;
    if (relative(ROOT, source.fileName) === HELPER) continue;
    const visit = (node: ts.Node): void => {
      const isRight = RIGHTLY.some(([text]) => node.getText().startsWith(text));
      const what = isRight ? null : wrongIn(node, checker);
      if (what !== null) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        const text = node.getText().split("\n")[0]?.slice(0, 80);
        found.push(`${relative(ROOT, source.fileName)}:${line + 1} ${what}: ${text}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

/** Rightly so: what stands there, and why. */
const RIGHTLY: readonly (readonly [text: string, why: string])[] = [
  [
    "promise.then(later(DONE), later(THREW))",
    "each task's: two promises more for each would be felt, and what its end throws ends the worker",
  ],
  ["void Promise.reject(error)", "Node itself is to report what the entry threw, and to end that worker"],
  ["void reply.code(", "a reply of Fastify's is no promise, though it has a then"],
];

function wrongIn(node: ts.Node, checker: ts.TypeChecker): string | null {
  if (ts.isExpressionStatement(node) && isFloating(node.expression, checker)) return "nobody waits for this";
  if (ts.isVoidExpression(node) && isFloating(node.expression, checker)) return "nobody waits for this";
  if (ts.isExpression(node) && isFunctionInVoid(node, checker))
    return "nobody takes the promise of this function";
  if (ts.isMethodDeclaration(node) && isMethodInVoid(node, checker))
    return "nobody takes the promise of this method";
  return null;
}

function isFloating(expression: ts.Expression, checker: ts.TypeChecker): boolean {
  const inner = ts.isParenthesizedExpression(expression) ? expression.expression : expression;
  if (ts.isVoidExpression(inner) || ts.isAwaitExpression(inner)) return false;
  if (ts.isConditionalExpression(inner))
    return isFloating(inner.whenTrue, checker) || isFloating(inner.whenFalse, checker);
  if (ts.isBinaryExpression(inner)) {
    const { kind } = inner.operatorToken;
    // What is assigned somebody has.
    if (kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment) return false;
    return isFloating(inner.right, checker);
  }
  return (
    ts.isCallExpression(inner) && !isCaught(inner) && isThenable(checker.getTypeAtLocation(inner), checker)
  );
}

/** `….catch(() => {})`: a handler that can throw is for `detached`. */
function isCaught(expression: ts.Expression): boolean {
  if (!ts.isCallExpression(expression) || !ts.isPropertyAccessExpression(expression.expression)) return false;
  const [handler] = expression.arguments;
  if (expression.expression.name.text !== "catch" || handler === undefined || !ts.isArrowFunction(handler))
    return false;
  const { body } = handler;
  return ts.isBlock(body) ? body.statements.length === 0 : body.getText() === "undefined";
}

/** A function where one that returns nothing is wanted. */
function isFunctionInVoid(node: ts.Expression, checker: ts.TypeChecker): boolean {
  const isLiteral = ts.isArrowFunction(node) || ts.isFunctionExpression(node);
  if (isLiteral ? !mayReturn(node) : !isNamedArgument(node)) return false;
  const wanted = checker.getContextualType(node);
  if (wanted === undefined || !returnsNothing(wanted)) return false;
  return returnsPromise(checker.getTypeAtLocation(node), checker);
}

/** Cheap to say, before any types are made. */
function mayReturn(node: ts.ArrowFunction | ts.FunctionExpression): boolean {
  if (node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword)) return true;
  return ts.isBlock(node.body) ? /\breturn [^;]/.test(node.body.getText()) : !ts.isVoidExpression(node.body);
}

function isNamedArgument(node: ts.Expression): boolean {
  const { parent } = node;
  if (!ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node)) return false;
  if (!ts.isCallExpression(parent) || !parent.arguments.includes(node)) return false;
  // `finally` waits for what it calls, whatever its type says.
  return !(ts.isPropertyAccessExpression(parent.expression) && parent.expression.name.text === "finally");
}

function isMethodInVoid(node: ts.MethodDeclaration, checker: ts.TypeChecker): boolean {
  const { parent } = node;
  if (!returnsPromise(checker.getTypeAtLocation(node), checker)) return false;
  const name = node.name.getText();
  const above = ts.isClassDeclaration(parent)
    ? (parent.heritageClauses ?? []).flatMap(({ types }) => [...types])
    : [];
  const wanted = above.map((each) => checker.getTypeAtLocation(each));
  if (ts.isObjectLiteralExpression(parent)) {
    const type = checker.getContextualType(parent);
    if (type !== undefined) wanted.push(type);
  }
  return wanted.some((type) => {
    const property = type.getProperty(name);
    return property !== undefined && returnsNothing(checker.getTypeOfSymbolAtLocation(property, node));
  });
}

function returnsNothing(type: ts.Type): boolean {
  const signatures = (type.isUnion() ? type.types : [type]).flatMap((each) => [...each.getCallSignatures()]);
  return (
    signatures.length > 0 &&
    signatures.every((each) => (each.getReturnType().flags & ts.TypeFlags.Void) !== 0)
  );
}

function returnsPromise(type: ts.Type, checker: ts.TypeChecker): boolean {
  return type.getCallSignatures().some((each) => isThenable(each.getReturnType(), checker));
}

function isThenable(type: ts.Type, checker: ts.TypeChecker): boolean {
  if (type.isUnion()) return type.types.some((each) => isThenable(each, checker));
  const then = type.getProperty("then");
  return (
    then?.valueDeclaration !== undefined &&
    checker.getTypeOfSymbolAtLocation(then, then.valueDeclaration).getCallSignatures().length > 0
  );
}
