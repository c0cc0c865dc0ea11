/**
 * The store behind a stage, and what is brought there. Snowflake tells it in its answer to PUT, with credentials of some hours for this
 * place alone; they stay in memory, and are in no error. Files are not encrypted here: the stage is of the kind that its store encrypts.
 */
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { LockstepError } from "../../errors/index.ts";
import { azStore } from "../store/az.ts";
import { sasAuthority } from "../store/azure-credentials.ts";
import { gsStore } from "../store/gs.ts";
import { s3Store } from "../store/s3.ts";
import type { ObjectStore } from "../store/store.ts";

/** As Snowflake's drivers are told. */
export interface StageInfo {
  /** `S3`, `AZURE`, `GCS` … */
  readonly locationType: string;
  /** `bucket/path/`, or `container/path/`. */
  readonly location: string;
  readonly region?: string | null;
  /** Another host than the store's usual one. */
  readonly endPoint?: string | null;
  /** Azure. */
  readonly storageAccount?: string | null;
  readonly useRegionalUrl?: boolean;
  readonly useVirtualUrl?: boolean;
  readonly isClientSideEncrypted?: boolean;
  readonly creds?: Readonly<Record<string, string | undefined>> | null;
}

/** Bytes of a request: of a larger file there are several. */
const PIECE = 16 << 20;

interface Stage {
  readonly store: ObjectStore;
  /** Of its keys. */
  readonly prefix: string;
  /** Bytes of a request at most. */
  readonly piece: number;
}

/** Where the files of a write go. `open`: nothing needs to be encrypted on the way, as it is not on the way to Snowflake. LS2015. */
export function openStage(path: string, info: StageInfo, open: boolean): Stage {
  const { location, creds } = info;
  const [bucket = "", ...folders] = location.split("/").filter((part) => part !== "");
  const prefix = folders.map((folder) => `${folder}/`).join("");
  const refused = (what: string): LockstepError => new LockstepError({ code: "LS2015", message: `${path}: the stage of the account ${what}` });
  if (info.isClientSideEncrypted === true) throw refused("asks for files that are encrypted before they are sent");
  const endpoint = info.endPoint?.replace(/\/$/, "") || undefined;
  const plain = endpoint?.startsWith("http://") ?? false;
  if (plain && !open) throw refused("is where nothing is encrypted on the way");
  /** A host, or all of a URL before the bucket. */
  const whole = endpoint !== undefined && /^https?:\/\//.test(endpoint);
  const region = info.region?.toLowerCase() || "us-east-1";
  const root = "the stage";
  const secret = (name: string): string => {
    const value = creds?.[name];
    if (value === undefined || value === "") throw refused(`comes without ${name}, by which its store would let one in`);
    return value;
  };
  switch (info.locationType.toUpperCase()) {
    case "S3": {
      const host = endpoint ?? `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
      const credentials = { accessKeyId: secret("AWS_KEY_ID"), secretAccessKey: secret("AWS_SECRET_KEY"), ...(creds?.AWS_TOKEN && { sessionToken: creds.AWS_TOKEN }) };
      return { store: s3Store(root, whole ? `${endpoint}/${bucket}` : `https://${bucket}.${host}`, region, credentials), prefix, piece: PIECE };
    }
    case "AZURE": {
      const account = info.storageAccount ?? "";
      const base = whole ? `${endpoint}/${account}/${bucket}` : `https://${account}.blob.${(endpoint ?? "core.windows.net").replace(/^blob\./, "")}/${bucket}`;
      return { store: azStore(root, base, sasAuthority(secret("AZURE_SAS_TOKEN"))), prefix, piece: PIECE };
    }
    case "GCS": {
      const regional = info.useRegionalUrl === true || region === "me-central2";
      const base = endpoint !== undefined ? `${whole ? endpoint : `https://${endpoint}`}/${bucket}` : info.useVirtualUrl === true ? `https://${bucket}.storage.googleapis.com` : `https://storage.${regional ? `${region}.rep.` : ""}googleapis.com/${bucket}`;
      const token = secret("GCS_ACCESS_TOKEN");
      // Snowflake's drivers send files there whole: whether its tokens are good for more is not known.
      return { store: gsStore(root, base, async () => token), prefix, piece: Infinity };
    }
    default:
      throw refused(`is ${info.locationType}, and not in a store of Amazon's, Microsoft's or Google's`);
  }
}

/** Files that are brought at once by a rank. */
const AT_ONCE = 4;
/**
 * Brings files there, by their own names. Those are left for which the store lets nobody in any longer, with the last error. Another error is thrown,
 * and what was begun stays with the stage, which ends with its session. LS2021.
 */
export async function bringFiles(path: string, files: readonly string[], info: StageInfo, open: boolean): Promise<{ readonly left: readonly string[]; readonly refused?: LockstepError }> {
  if (files.length === 0) return { left: [] };
  const { store, prefix, piece } = openStage(path, info, open);
  const left = new Set(files);
  let next = 0;
  let ended: LockstepError | undefined;
  const worker = async (): Promise<void> => {
    while (next < files.length && ended === undefined) {
      const file = files[next++]!;
      try {
        await bring(store, prefix + basename(file), file, piece);
        left.delete(file);
      } catch (error) {
        ended ??= said(path, error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, files.length) }, worker));
  if (ended !== undefined && ended.code !== "LS2020") throw ended;
  return { left: [...left], ...(ended && { refused: ended }) };
}

async function bring(store: ObjectStore, key: string, file: string, piece: number): Promise<void> {
  if ((await stat(file)).size <= piece) return void (await store.put(key, await readFile(file)));
  const upload = await store.begin(key);
  const pieces: string[] = [];
  for await (const bytes of createReadStream(file, { highWaterMark: piece })) pieces.push(await store.piece(key, upload, pieces.length, bytes as Uint8Array));
  // False may mean that an earlier answer was lost.
  if (!(await store.complete(key, upload, pieces)) && (await store.head(key)) === undefined) throw new LockstepError({ code: "LS2021", message: `the store has lost ${key}` });
}

/** An error of the store's, in which the credentials are Snowflake's and not the environment's. */
function said(path: string, error: unknown): LockstepError {
  if (!(error instanceof LockstepError)) return new LockstepError({ code: "LS2008", message: `${path}: what is written cannot be read again on this rank: ${error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error)}` });
  if (error.code === "LS2020") return new LockstepError({ code: "LS2020", message: `${path}: the store of the stage lets nobody in, also with credentials that Snowflake has just given`, why: error.why, fix: error.why.some((reason) => reason.includes("RequestTimeTooSkewed")) ? "Set the clock of this machine." : "A network policy or a private link of the account may say from where its stages are reached." });
  return new LockstepError({ code: "LS2021", message: `${path}: the rows were not brought to Snowflake's stage: ${error.message}`, fix: "Check the network, and that the store of the account's stages can be reached from this machine; then start the program again.", cause: error });
}
