// Draws playground/npm-start.svg, the README's picture: the screen of an `npm start` for which everything is built.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./lib.mjs";

const start = () => spawnSync(process.execPath, [join(root, "test/scripts/start.mjs")], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
// The first one builds and runs what is missing.
start();
const { stdout, status } = start();
if (status !== 0) throw new Error(stdout);

const lines = ["$ npm start", "", ...stdout.trimEnd().split("\n")];
const [left, top, each] = [16, 54, 18];
const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * 7.83) + 2 * left;
const height = top + lines.length * each + 4;
// Spaces that cannot be broken: not all browsers keep others.
const escaped = (text) => text.replaceAll(" ", "\u00a0").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
const text = (line, index) => `<text x="${left}" y="${top + index * each}"${/^\S/.test(line) && !line.startsWith("2,000,000") ? ' fill="#7fd1b9"' : ""}>${escaped(line)}</text>`;
writeFileSync(
  join(root, "playground/npm-start.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="The screen of npm start">
<rect width="${width}" height="${height}" rx="8" fill="#10151c"/>
${["#e0645c", "#d9a441", "#6aa84f"].map((colour, index) => `<circle cx="${20 + index * 18}" cy="16" r="5" fill="${colour}"/>`).join("\n")}
<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="13" fill="#c9d3df">
${lines.map(text).join("\n")}
</g>
</svg>
`,
);
