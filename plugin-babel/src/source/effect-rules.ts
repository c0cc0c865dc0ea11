/**
 * What the members of Node's modules and of the language's globals do. By default a call is evaluated on rank 0 and sent to
 * the others; here is what is not. Names are paths below the module, `^` and `$` included.
 */
export interface EffectRule {
  /** The same on every rank, or of no consequence outside the process: left alone. */
  readonly harmless?: RegExp;
  /** An effect: of all ranks it would happen once on each. */
  readonly forbidden?: RegExp;
  /** Evaluated on rank 0. */
  readonly sent?: RegExp;
  /** Members that are values, not functions: read on rank 0. */
  readonly values?: RegExp;
  /** What is in none of the lists. */
  readonly rest: "sent" | "forbidden" | "harmless";
}

const harmless: EffectRule = { rest: "harmless" };
const forbidden: EffectRule = { rest: "forbidden" };
const READS = /(^|\.)(readFile|exists|stat|lstat|statfs|readdir|access|realpath|realpath\.native|readlink|glob)(Sync)?$/;

const modules: Readonly<Record<string, EffectRule>> = {
  ...Object.fromEntries(
    "assert async_hooks buffer console constants diagnostics_channel events module path punycode querystring stream string_decoder sys timers trace_events url util zlib".split(" ").map((name) => [name, harmless]),
  ),
  ...Object.fromEntries("child_process cluster dgram domain http2 https inspector readline repl tls tty vm wasi".split(" ").map((name) => [name, forbidden])),
  fs: { sent: READS, harmless: /(^|\.)(constants(\..*)?|Stats|Dirent)$/, rest: "forbidden" },
  process: {
    values: /^(pid|ppid|argv|argv0|execArgv|execPath|title|versions?|arch|platform|release|config|debugPort|connected|exitCode|features|report|std(in|out|err)\.\w+|env)(\.|$)/,
    forbidden: /^std(in|out|err)\..*$/,
    sent: /^(cwd|uptime|hrtime(\.bigint)?|memoryUsage(\.rss)?|\w+Memory|\w*[cC]puUsage|resourceUsage|get(e?[ug]id|groups|ActiveResourcesInfo)|umask|permission\.has|hasUncaughtExceptionCaptureCallback)$/,
    harmless: /^(nextTick|emitWarning|getBuiltinModule)$/,
    rest: "forbidden",
  },
  os: { harmless: /^(EOL|devNull|constants(\..*)?)$/, forbidden: /^setPriority$/, rest: "sent" },
  crypto: {
    harmless: /^(hash|create(Hash|Hmac|Cipheriv|Decipheriv|Verify|PublicKey|PrivateKey|SecretKey)|get(Hashes|Ciphers|Curves|CipherInfo|Fips)|(pbkdf2|scrypt|hkdf)(Sync)?|timingSafeEqual|verify|checkPrime(Sync)?|constants(\..*)?|X509Certificate|subtle\.(digest|importKey|verify|decrypt|deriveBits|deriveKey))$/,
    forbidden: /^(randomFill(Sync)?|generate\w+|subtle\.\w+|set\w+)$/,
    rest: "sent",
  },
  performance: { values: /^timeOrigin$/, harmless: /^(mark|measure|clear\w+|set\w+)$/, rest: "sent" },
  perf_hooks: { harmless: /^(constants(\..*)?|PerformanceObserver)$/, rest: "sent" },
  v8: { harmless: /^((de)?serialize|setFlagsFromString)$/, rest: "sent" },
  dns: { forbidden: /(^|\.)set\w+$/, rest: "sent" },
  http: { harmless: /^(STATUS_CODES|METHODS)(\.|$)/, rest: "forbidden" },
  net: { harmless: /^isIP(v4|v6)?$/, rest: "forbidden" },
  worker_threads: { values: /^(isMainThread|threadId|workerData)$/, rest: "forbidden" },
};

const globals: Readonly<Record<string, EffectRule>> = {
  Date: { sent: /^now$/, rest: "harmless" },
  Math: { sent: /^random$/, rest: "harmless" },
  Temporal: { sent: /^Now\./, rest: "harmless" },
  ...Object.fromEntries(["eval", "Function"].map((name) => [name, forbidden])),
  navigator: { values: /^\w+/, rest: "forbidden" },
  ...Object.fromEntries("fetch WebSocket EventSource XMLHttpRequest Worker SharedWorker BroadcastChannel localStorage sessionStorage indexedDB caches".split(" ").map((name) => [name, forbidden])),
};

/** Null for globals of no consequence. A module that no list knows may do anything. */
export function ruleOf(root: string): EffectRule | null {
  if (root.startsWith("node:")) return forbidden;
  return Object.hasOwn(modules, root) ? modules[root]! : Object.hasOwn(globals, root) ? globals[root]! : null;
}

/** An object whose members do things, so that to hand it on is to lose sight of them. */
export const isObject = (root: string): boolean => root.startsWith("node:") || Object.hasOwn(modules, root);

/** Where launchers say a process's rank. */
export const RANK_VARIABLES = /^env\.(OMPI_COMM_WORLD_(LOCAL_|NODE_)?RANK|PMI_(RANK|ID)|PMIX_RANK|MPI_LOCALRANKID|MPI_RANKID|SLURM_(PROCID|LOCALID|NODEID)|MV2_COMM_WORLD_(LOCAL_)?RANK|PALS_(LOCAL_)?RANKID|ALPS_APP_PE|JSM_NAMESPACE_(LOCAL_)?RANK|FLUX_TASK_(LOCAL_ID|RANK))$/;
