import { LockstepError } from "../../errors/index.ts";

/** Where a server of Flight SQL is. */
export interface Target {
  readonly encrypted: boolean;
  /** `host:port`, with the brackets of an IPv6 address. */
  readonly authority: string;
  /** As it is printed. */
  readonly name: string;
}

const form = "the URL of a server of Flight SQL is grpc+tls://host:port, or grpc://host:port where nothing is encrypted";

/** Of the program, else of the environment. LS2015: a URL that is none, or has more than a server in it, which is not printed. */
export function findTarget(url: string | undefined): Target {
  const said = url ?? variableOf("LOCKSTEP_FLIGHT_URL");
  if (said === undefined) throw new LockstepError({ code: "LS2015", message: "nothing says where the server of Flight SQL is", fix: 'Write { url: "grpc+tls://host:port" }, or set LOCKSTEP_FLIGHT_URL.' });
  const target = parseTarget(said);
  if (target) return target;
  // Of what is not understood nothing is printed: it may hold a password.
  if (/^grpc(|\+tcp|\+tls):\/\/.*[@?#]/s.test(said)) throw new LockstepError({ code: "LS2015", message: "the URL of a server of Flight SQL has host and port alone; a login is taken from the environment", fix: loginFix });
  throw wrong(form);
}

/** Of `grpc://host:port`, `grpc+tcp://…` or `grpc+tls://…`, with nothing else in it. */
export function parseTarget(url: string): Target | undefined {
  const [, kind, host, port] = /^grpc(|\+tcp|\+tls):\/\/(\[[^\]/@?#]+\]|[^[\]/:@?#]+):(\d{1,5})\/?$/.exec(url) ?? [];
  if (host === undefined || Number(port) > 65_535) return undefined;
  const authority = `${host}:${Number(port)}`;
  return { encrypted: kind === "+tls", authority, name: `${kind === "+tls" ? "grpc+tls" : "grpc"}://${authority}` };
}

export const loginFix = "Set LOCKSTEP_FLIGHT_TOKEN, or LOCKSTEP_FLIGHT_USER and LOCKSTEP_FLIGHT_PASSWORD, in the environment.";

/** The header `authorization` that the environment has, and whether a handshake makes a token of it. LS2015 where it has two, or half of one. */
export function loginOf(): { readonly header: string; readonly isPassword: boolean } | undefined {
  const [token, user, password] = ["TOKEN", "USER", "PASSWORD"].map((name) => variableOf(`LOCKSTEP_FLIGHT_${name}`));
  if (token !== undefined && (user ?? password) !== undefined) throw wrong("the environment has LOCKSTEP_FLIGHT_TOKEN, and LOCKSTEP_FLIGHT_USER or LOCKSTEP_FLIGHT_PASSWORD: leave one of the two logins");
  if (token !== undefined) {
    if (!/^[\x20-\x7e]*$/.test(token)) throw wrong("LOCKSTEP_FLIGHT_TOKEN has a character that no header can hold");
    return { header: `Bearer ${token}`, isPassword: false };
  }
  if (user !== undefined) return { header: `Basic ${Buffer.from(`${user}:${password ?? ""}`).toString("base64")}`, isPassword: true };
  if (password !== undefined) throw wrong("LOCKSTEP_FLIGHT_PASSWORD stands alone in the environment: LOCKSTEP_FLIGHT_USER says whose it is");
  return undefined;
}

/** Milliseconds after which a silent server is asked whether it is there; servers take more than one question in five minutes for an attack. */
export function silenceOf(): number {
  const said = variableOf("LOCKSTEP_FLIGHT_KEEPALIVE");
  if (said === undefined) return 310_000;
  if (!/^\d{1,5}$/.test(said) || Number(said) < 1 || Number(said) > 86_400) throw wrong("LOCKSTEP_FLIGHT_KEEPALIVE is a number of seconds, 1 to 86400");
  return Number(said) * 1000;
}

export const variableOf = (name: string): string | undefined => process.env[name] || undefined;

const wrong = (message: string): LockstepError => new LockstepError({ code: "LS2015", message });
