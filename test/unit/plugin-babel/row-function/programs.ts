/** Random row functions that tsc accepts: typed expressions, with `const`, `if` and early returns around them. */
import fc from "fast-check";

type Texts = fc.Arbitrary<string>;

const { number, string, boolean } = fc.letrec<{ number: string; string: string; boolean: string; bigint: string }>((tie) => {
  const [number, string, boolean] = [tie("number"), tie("string"), tie("boolean")];
  const join = (parts: TemplateStringsArray, ...holes: Texts[]): Texts => fc.tuple(...holes).map((texts) => parts.map((part, i) => part + (texts[i] ?? "")).join(""));
  return {
    number: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      fc.constantFrom("d.n", "d.k", "1", "0", "(-2.5)", "rate", "(d.m ?? 4)", "d.t.getUTCHours()", "(d.q?.length ?? -1)"),
      join`(${number} + ${number})`,
      join`(${number} - ${number})`,
      join`${number} * ${number}`,
      join`(${number} % ${number})`,
      join`(${boolean} ? ${number} : ${number})`,
      join`Math.floor(${number})`,
      join`Math.max(${number}, ${number})`,
      join`${string}.length`,
      join`Number(${string})`,
      join`(${number} || ${number})`,
      join`(${number} && ${number})`,
      join`(-${number})`,
      join`clamp(${number})`,
      join`(d.m !== null ? d.m + ${number} : ${number})`,
      join`(d.m === null || ${boolean} ? ${number} : d.m)`,
    ),
    string: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      fc.constantFrom("d.s", "LETTER", "EMPTY", "label", '(d.q ?? "none")', "d.s.trim()", 'd.t.toISOString()'),
      join`(${string} + ${string})`,
      join`\`\${${string}}/\${${number}}/\${${boolean}}\``,
      join`(${boolean} ? ${string} : ${string})`,
      join`${string}.slice(${number})`,
      join`${string}.toUpperCase()`,
      join`(${string} || ${string})`,
      join`(${string} && ${string})`,
      join`bucket(${number})`,
      join`(${string}.at(${number}) ?? ${string})`,
      join`(d.q?.concat(${string}) ?? ${string})`,
      join`(d.q && d.b ? d.q : ${string})`,
      join`[${string}, d.q, ${string}].join("|")`,
    ),
    boolean: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      fc.constantFrom("d.b", "(d.m === null)", "(d.q != null)", "(d.c === true)", "(d.c ?? d.b)", "(d.t < new Date(0))"),
      join`(${number} > ${number})`,
      join`(${number} === ${number})`,
      join`(${string} <= ${string})`,
      join`(${boolean} && ${boolean})`,
      join`(${boolean} || ${boolean})`,
      join`!${boolean}`,
      join`(d.q !== null && d.q.length > ${number})`,
      join`(d.m == null || d.m > ${number})`,
      join`["a", ${string}].includes(${string})`,
      join`${string}.includes(${string})`,
      join`Boolean(${number})`,
    ),
    bigint: fc.constantFrom("d.g"),
  };
});

const block: Texts = fc
  .tuple(boolean, number, number, string, boolean, string, number)
  .map(
    ([test, a, b, s, exit, early, last]) => `d => {
      let x = ${a};
      const s = ${s};
      if (${test}) { x = ${b}; if (${exit}) return ${early}; x += 1; } else { x -= s.length; }
      const tail = x > ${last} ? s : d.q;
      return tail === null ? s + x : tail;
    }`,
  );

export const program: Texts = fc.oneof(number.map((e) => `d => ${e}`), string.map((e) => `d => ${e}`), boolean.map((e) => `d => ${e}`), block);
