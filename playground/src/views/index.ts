/** The views, in the order of their tabs. */
import { diagnosticsView } from "./diagnostics.tsx";
import { distributions } from "./distributions.tsx";
import { manifestView } from "./manifest.tsx";
import { output } from "./output.tsx";
import { passes } from "./passes.tsx";
import { plan } from "./plan.tsx";
import { rowFunctions } from "./row-functions.tsx";
import { runView } from "./run.tsx";
import { types } from "./types.tsx";
import type { View } from "./view.ts";

export const views: readonly View[] = [output, passes, types, distributions, plan, rowFunctions, diagnosticsView, manifestView, runView];
