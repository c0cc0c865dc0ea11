/** The workspace as a Vite project that builds and runs. */
import { strToU8, zipSync } from "fflate";
import { version } from "../version.ts";
import { changedOptions, optionRecords } from "./options.ts";
import { saveFile } from "./save-file.ts";
import { entry, files, options, title } from "./workspace.ts";

export function download(): void {
  const name = nameOf(title.value);
  const zip = zipSync(Object.fromEntries(Object.entries(projectFiles()).map(([path, text]) => [`${name}/${path}`, strToU8(text)])));
  saveFile(`${name}.zip`, "application/zip", zip);
}

const nameOf = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "lockstep-program";

function projectFiles(): Record<string, string> {
  const name = nameOf(title.value);
  const bundle = `dist/${entry.value.replace(/^.*\//, "").replace(/\.[^.]+$/, "")}.mjs`;
  return {
    ...files.value,
    "package.json": json({
      name,
      private: true,
      type: "module",
      engines: { node: ">=22.18" },
      scripts: { build: "vite build", start: `lockstep run ${bundle} --`, plain: `node ${entry.value}` },
      dependencies: { "@lockstep/runtime": version },
      devDependencies: { "@lockstep/plugin-vite": version, vite: "^8.3.8" },
    }),
    "tsconfig.json": json({
      compilerOptions: { target: "es2024", module: "nodenext", strict: true, noEmit: true, allowImportingTsExtensions: true, erasableSyntaxOnly: true, skipLibCheck: true },
      include: ["**/*.ts"],
    }),
    "vite.config.ts": viteConfig(),
    ".gitignore": "node_modules/\ndist/\n",
    "README.md": readme(name, bundle),
  };
}

function viteConfig(): string {
  const ofPlugin = new Set(optionRecords.filter((o) => o.of === "plugin").map((o) => o.name as string));
  const told = Object.entries(changedOptions(options.value)).filter(([option]) => ofPlugin.has(option));
  const argument = told.length === 0 ? "" : `{ ${told.map(([option, value]) => `${option}: ${JSON.stringify(value)}`).join(", ")} }`;
  return `import lockstep from "@lockstep/plugin-vite";\nimport { defineConfig } from "vite";\n\nexport default defineConfig({\n  plugins: [lockstep(${argument})],\n  build: { ssr: ${JSON.stringify(entry.value)} },\n});\n`;
}

function readme(name: string, bundle: string): string {
  return `# ${name}

From the Lockstep playground, version ${version}.

    npm install
    npm run build                                    ${bundle} and what every rank runs
    npx lockstep run -n 4 ${bundle} -- ARGUMENTS
    node ${entry.value} ARGUMENTS                    the same answer on plain Node, without plugin and ranks

Until the packages are on npm, install those that \`npm pack\` makes in a clone of Lockstep: its README says how.
`;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
