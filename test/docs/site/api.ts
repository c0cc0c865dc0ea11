/** The API's page: what `@lockstep/runtime` exports, with its doc comments, from its declarations. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "@babel/parser";
import type { ClassDeclaration, Comment, Node, Statement } from "@babel/types";
import { root } from "../../scripts/lib.mjs";

const index = join(root, "runtime/dist/index.d.ts");

interface Entry {
  readonly name: string;
  readonly doc: string;
  readonly code: string;
  /** Of a class. */
  readonly members: readonly Entry[];
}

export function apiPage(): string {
  const sections = merged(exportsOf(index).sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))).map((entry) => section(entry, 2));
  return `# API\n\nWhat \`@lockstep/runtime\` exports. Verbs with examples are in [the list of verbs](plugin-babel/docs/verbs.md).\n\n${sections.join("\n\n")}\n`;
}

function section({ name, doc, code, members }: Entry, depth: number): string {
  return [`${"#".repeat(depth)} ${name}`, doc, `\`\`\`ts\n${code}\n\`\`\``, ...merged(members).map((m) => section(m, depth + 1))].filter(Boolean).join("\n\n");
}

/** Overloads, which follow each other, are one entry. */
function merged(entries: readonly Entry[]): Entry[] {
  const all: Entry[] = [];
  for (const entry of entries) {
    const last = all.at(-1);
    if (last?.name === entry.name) all[all.length - 1] = { ...last, doc: [last.doc, entry.doc].filter(Boolean).join("\n\n"), code: `${last.code}\n${entry.code}` };
    else all.push(entry);
  }
  return all;
}

/** The entries of a declaration file, those of the files it passes on included. */
function exportsOf(file: string): Entry[] {
  const text = readFileSync(file, "utf8");
  return declarations(text).flatMap((statement): Entry[] => {
    if (statement.type !== "ExportNamedDeclaration") return [];
    if (statement.declaration) return entryOf(statement.declaration as Statement, statement.leadingComments, text);
    if (!statement.source) return [];
    const from = join(dirname(file), statement.source.value.replace(/\.ts$/, ".d.ts"));
    const wanted = new Set(statement.specifiers.flatMap((s) => (s.type === "ExportSpecifier" ? [s.local.name] : [])));
    return exportsOf(from).filter(({ name }) => wanted.has(name));
  });
}

const declarations = (text: string): Statement[] => parse(text, { sourceType: "module", plugins: [["typescript", { dts: true }]] }).program.body;

function entryOf(node: Statement, comments: readonly Comment[] | null | undefined, text: string): Entry[] {
  const code = text.slice(node.start!, node.end!).replace(/^declare /, "");
  const doc = docOf(comments);
  if (node.type === "VariableDeclaration") {
    const [declared] = node.declarations;
    return declared?.id.type === "Identifier" ? [{ name: declared.id.name, doc, code: indentedLess(code), members: [] }] : [];
  }
  if (!("id" in node) || !node.id || !("name" in node.id)) return [];
  const { name } = node.id;
  if (node.type !== "ClassDeclaration") return [{ name, doc, code: indentedLess(code), members: [] }];
  return [{ name, doc, code: code.slice(0, code.indexOf("{")).trim(), members: membersOf(node, text) }];
}

/** What is said about; private members are not. */
function membersOf(node: ClassDeclaration, text: string): Entry[] {
  let name = "";
  return (node.body.body as readonly Node[]).flatMap((member): Entry[] => {
    const key = "key" in member && member.key && typeof member.key === "object" && "name" in member.key ? String(member.key.name) : "";
    const doc = docOf(member.leadingComments);
    // An overload has the comment of the first.
    if (key === "" || (doc === "" && key !== name)) return [];
    name = key;
    return [{ name: key, doc, code: text.slice(member.start!, member.end!), members: [] }];
  });
}

/** The text of the last doc comment, as Markdown. */
function docOf(comments: readonly Comment[] | null | undefined): string {
  const last = comments?.findLast((c) => c.type === "CommentBlock" && c.value.startsWith("*"));
  return last ? last.value.slice(1).split("\n").map((line) => line.replace(/^\s*\* ?/, "")).join("\n").replace(/\{@link (\w+)\}/g, "`$1`").trim() : "";
}

const indentedLess = (code: string): string => code.replace(/^ {4}/gm, "  ");
