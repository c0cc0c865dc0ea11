#!/usr/bin/env node
import "./prepare.mjs";

const { main } = await import("../dist/cli/main.js");
await main(process.argv);
