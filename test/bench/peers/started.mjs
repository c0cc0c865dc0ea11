// Preloaded before a plain Node job: says when its own work begins.
import "@lockstep/runtime";

console.log(JSON.stringify({ started: Date.now() / 1000 }));
