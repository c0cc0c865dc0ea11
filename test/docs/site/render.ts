/** Markdown to a page of HTML: links between pages, highlighted code, examples that open in the playground. */
import { dirname, join, relative } from "node:path";
import { Marked, type Tokens } from "marked";
import { highlighted } from "../../../playground/src/views/highlighted.ts";
import { defaultOptions } from "../../../playground/src/state/options.ts";
import { toHash } from "../../../playground/src/state/share.ts";
import type { Page } from "./page.ts";

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'";

export function renderPage(page: Page, pages: readonly Page[], version: string): string {
  const up = "../".repeat(page.path.split("/").length - 1);
  const marked = new Marked({
    renderer: {
      code: ({ text, lang = "" }: Tokens.Code) => codeBlock(text, lang, up, version),
      heading({ tokens, depth }: Tokens.Heading) {
        const text = this.parser.parseInline(tokens);
        return `<h${depth} id="${slug(text)}">${text}</h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        const text = this.parser.parseInline(tokens);
        const to = linkTo(href, page, pages);
        // Files of the repository have no page.
        return to === null ? `<span class="file">${text}</span>` : `<a href="${escaped(to)}">${text}</a>`;
      },
      table({ header, rows }: Tokens.Table) {
        const cells = (row: readonly Tokens.TableCell[], name: string) => row.map((c) => `<${name}>${this.parser.parseInline(c.tokens)}</${name}>`).join("");
        const columns = header.map(({ text }) => text).filter((text) => text !== "").join(", ");
        // A wide table scrolls by itself, by the keyboard, too; several of a page are told apart by their columns.
        return `<div class="table" tabindex="0" role="region" aria-label="Table: ${escaped(columns)}"><table><thead><tr>${cells(header, "th").replaceAll("<th></th>", "<td></td>")}</tr></thead><tbody>${rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("")}</tbody></table></div>`;
      },
      // The repository's screenshots stay in it.
      image: ({ text }: Tokens.Image) => `<em>${escaped(text)}</em>`,
      html: ({ text }: Tokens.HTML | Tokens.Tag) => escaped(text),
    },
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(page.title)}${page.path === "index" ? "" : " · Lockstep"}</title>
<link rel="icon" href="${up}icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${up}site.css">
<script type="module" src="${up}site.js"></script>
</head>
<body>
<a class="skip" href="#content">To the text</a>
<header><a class="home" href="${up}index.html"><img src="${up}icon.svg" alt="" width="24" height="24">Lockstep</a><a href="${up}playground/index.html">Playground</a></header>
<div class="columns">
<nav aria-label="Contents">${contents(page, pages, up)}</nav>
<main id="content">
${marked.parse(page.markdown) as string}</main>
</div>
</body>
</html>
`;
}

/** The sections with many pages are closed until one of theirs is read. */
function contents(page: Page, pages: readonly Page[], up: string): string {
  return [...Map.groupBy(pages, (p) => p.section)].map(([section, members]) => {
    const links = members.map((p) => `<li><a href="${up}${p.path}.html"${p === page ? ' aria-current="page"' : ""}>${escaped(p.title)}</a></li>`).join("");
    if (members.length < 10) return `<h2>${section}</h2><ul>${links}</ul>`;
    return `<details${page.section === section ? " open" : ""}><summary>${section}</summary><ul>${links}</ul></details>`;
  }).join("\n");
}

function codeBlock(text: string, lang: string, up: string, version: string): string {
  const [language, live] = lang.split(" ");
  const isCode = language === "ts" || language === "js";
  const body = isCode ? highlighted(text, null).lines.map(({ tokens }) => tokens.map((t) => (t.classes === "" ? escaped(t.text) : `<span class="${t.classes}">${escaped(t.text)}</span>`)).join("")).join("\n") : escaped(text);
  const block = `<pre tabindex="0"><code>${body}</code></pre>\n`;
  if (live !== "live") return block;
  const name = /export async function (\w+)/.exec(text)?.[1] ?? "example";
  const hash = toHash({ title: name, files: { "src/job.ts": `${text}\n` }, entry: "src/job.ts", options: defaultOptions, view: "output" }, version);
  return `<figure class="live">${block}<a class="try" href="${up}playground/index.html${escaped(hash)}">Edit and compile it here</a></figure>\n`;
}

/** Where a link of the Markdown leads on the site; null: to a file that has no page. */
export function linkTo(href: string, page: Page, pages: readonly Page[]): string | null {
  if (/^(https?:|#)/.test(href)) return href;
  const [path = "", anchor] = href.split("#");
  const file = join(page.file ? dirname(page.file) : "", path);
  const target = pages.find((p) => p.file === file) ?? pages.find((p) => p.file === null && join(dirname(page.file ?? "x"), `${p.path}.md`) === file);
  if (!target) return null;
  return `${relative(dirname(page.path), target.path) || target.path.split("/").at(-1)}.html${anchor === undefined ? "" : `#${anchor}`}`;
}

const slug = (html: string): string => html.replace(/<[^>]*>/g, "").toLowerCase().replace(/&\w+;/g, "").replace(/[^\w]+/g, "-").replace(/^-|-$/g, "");

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
