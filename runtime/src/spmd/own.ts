import { nameClass, type Classes } from "../errors/index.ts";
import { current } from "./inside.ts";

/**
 * The classes that an annotated function uses: the process that called it has those of the user's module in place of the rank chunk's, so that what
 * it throws and returns is of them. Errors of the other ranks are made of what stands under the same name here.
 */
export function own<C extends Classes>(copies: C): C {
  const { id, classes } = current()!;
  const given = { ...copies, ...handed(classes) };
  for (const [name, type] of Object.entries(given)) nameClass(`${id} ${name}`, type);
  return given;
}

/** None where the module's top level has not come to its classes yet. */
function handed(classes: (() => Classes) | undefined): Classes {
  try {
    return classes?.() ?? {};
  } catch {
    return {};
  }
}
