/** The printed IR, as far as views draw it: one instruction a line, with its inputs and its place in the source. */

export interface DrawnInstruction {
  readonly id: number;
  readonly op: string;
  readonly inputs: readonly number[];
  readonly file: string;
  readonly line: number;
}

const printed = /^\s*%(\d+) = (\w+)((?: %\d+)*)(?: .*)? @(\S+):(\d+):\d+-\d+:\d+$/;

export function instructionOf(text: string): DrawnInstruction | null {
  const [, id, op, inputs, file, line] = printed.exec(text) ?? [];
  if (id === undefined) return null;
  return { id: Number(id), op: op!, inputs: (inputs!.match(/\d+/g) ?? []).map(Number), file: file!, line: Number(line) };
}

/** The instructions of each function of a stage, by the function's id. */
export function instructionsOf(stage: string): ReadonlyMap<string, readonly DrawnInstruction[]> {
  const functions = new Map<string, DrawnInstruction[]>();
  let current: DrawnInstruction[] = [];
  for (const line of stage.split("\n")) {
    if (line.startsWith("function ")) functions.set(line.slice("function ".length), (current = []));
    const instruction = instructionOf(line);
    if (instruction) current.push(instruction);
  }
  return functions;
}
