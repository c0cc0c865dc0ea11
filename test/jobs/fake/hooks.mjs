// Preloaded by tests (NODE_OPTIONS=--import …): resolves the addon to the fake engine.
import { registerHooks } from "node:module";

registerHooks({
  resolve(specifier, context, next) {
    return next(specifier === "@lockstep/native" ? new URL("./engine.mjs", import.meta.url).href : specifier, context);
  },
});
