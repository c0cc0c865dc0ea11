/**
 * Builds a control-flow graph in SSA form while the source is read, after Braun et al., "Simple and Efficient
 * Construction of Static Single Assignment Form" (CC 2013). Only variables that hold tables are in SSA form.
 */
import { type Block, type BlockId, type FrameId, type Instruction, instruction, type Met, type Scalar, type Terminator, type ValueId } from "./ir.ts";
import type { SourceSpan } from "./types.ts";

interface OpenBlock extends Block {
  readonly sent: Scalar[];
  readonly met: Met[];
  readonly predecessors: BlockId[];
  sealed: boolean;
}

/** Identity of a variable in one frame. */
export type Variable = object;

export class Builder {
  readonly blocks: OpenBlock[] = [];
  /** Null after a return, throw, break or continue: what follows is unreachable. */
  current: OpenBlock | null;
  handler: BlockId | null = null;
  loopDepth = 0;
  #nextValue = 1;
  readonly #definitions = new Map<Variable, Map<BlockId, ValueId | null>>();
  readonly #incomplete = new Map<BlockId, Map<Variable, Instruction>>();
  readonly #places = new Map<Variable, { span: SourceSpan; frame: FrameId }>();
  readonly #replaced = new Map<ValueId, ValueId>();
  /** What each path brings to a phi; null where the variable holds no table. */
  readonly #incoming = new Map<ValueId, readonly (readonly [BlockId, ValueId | null])[]>();

  constructor() {
    this.current = this.newBlock();
    this.seal(this.current.id);
  }

  newBlock(): OpenBlock {
    const block: OpenBlock = {
      id: this.blocks.length,
      instructions: [],
      sent: [],
      met: [],
      terminator: { kind: "throw" },
      handler: this.handler,
      loopDepth: this.loopDepth,
      predecessors: [],
      sealed: false,
    };
    this.blocks.push(block);
    if (this.handler !== null) this.blocks[this.handler]!.predecessors.push(block.id);
    return block;
  }

  /** Continues in `block`. */
  enter(block: OpenBlock): void {
    this.current = block;
  }

  /** Ends the current block, if it is reachable. */
  end(terminator: Terminator): void {
    if (!this.current) return;
    this.current.terminator = terminator;
    const targets = terminator.kind === "goto" ? [terminator.target] : terminator.kind === "branch" ? [terminator.then, terminator.else] : [];
    for (const target of targets) this.blocks[target]!.predecessors.push(this.current.id);
    this.current = null;
  }

  goto(block: OpenBlock): void {
    this.end({ kind: "goto", target: block.id });
  }

  /** All predecessors are known: phis that waited for them get their operands. */
  seal(id: BlockId): void {
    const block = this.blocks[id]!;
    block.sealed = true;
    for (const [variable, phi] of this.#incomplete.get(id) ?? []) this.#fill(variable, phi, block);
    this.#incomplete.delete(id);
  }

  newValue(): ValueId {
    return this.#nextValue++;
  }

  add(fields: Omit<Parameters<typeof instruction>[0], "id">): Instruction {
    const i = instruction({ ...fields, id: this.newValue() });
    this.current?.instructions.push(i);
    return i;
  }

  send(scalar: Scalar): void {
    this.current?.sent.push(scalar);
  }

  meet(met: Met): void {
    this.current?.met.push(met);
  }

  write(variable: Variable, value: ValueId | null, place: { span: SourceSpan; frame: FrameId }): void {
    if (!this.current) return;
    // Inside a try the handler sees the state before and after the assignment: each needs a block that ends with it.
    if (this.handler !== null && this.#readIn(variable, this.current) !== null) {
      const next = this.newBlock();
      this.goto(next);
      this.seal(next.id);
      this.enter(next);
    }
    this.#places.set(variable, place);
    this.#define(variable, this.current!.id, value);
  }

  /** The table the variable holds here; null: none on any path. */
  read(variable: Variable): ValueId | null {
    return this.current ? this.#readIn(variable, this.current) : null;
  }

  #define(variable: Variable, block: BlockId, value: ValueId | null): void {
    let byBlock = this.#definitions.get(variable);
    if (!byBlock) this.#definitions.set(variable, (byBlock = new Map()));
    byBlock.set(block, value);
  }

  #readIn(variable: Variable, block: OpenBlock): ValueId | null {
    const known = this.#definitions.get(variable)?.get(block.id);
    if (known !== undefined) return known === null ? null : this.resolve(known);
    if (!this.#definitions.has(variable)) return null;
    let value: ValueId | null;
    if (!block.sealed) {
      const phi = this.#phi(variable, block);
      let waiting = this.#incomplete.get(block.id);
      if (!waiting) this.#incomplete.set(block.id, (waiting = new Map()));
      waiting.set(variable, phi);
      value = phi.id;
    } else if (block.predecessors.length === 0) value = null;
    else if (block.predecessors.length === 1) value = this.#readIn(variable, this.blocks[block.predecessors[0]!]!);
    else {
      const phi = this.#phi(variable, block);
      this.#define(variable, block.id, phi.id);
      value = this.#fill(variable, phi, block);
    }
    this.#define(variable, block.id, value);
    return value;
  }

  #phi(variable: Variable, block: OpenBlock): Instruction {
    const { span, frame } = this.#places.get(variable)!;
    const phi = instruction({ id: this.newValue(), op: "phi", span, frame });
    block.instructions.unshift(phi);
    return phi;
  }

  /** Paths on which the variable holds no table (`let t = null`) bring no operand: reading it there is the program's own error. */
  #fill(variable: Variable, phi: Instruction, block: OpenBlock): ValueId | null {
    const incoming = block.predecessors.map((p) => [p, this.#readIn(variable, this.blocks[p]!)] as const);
    this.#incoming.set(phi.id, incoming);
    const operands = new Set(incoming.map(([, value]) => value));
    operands.delete(null);
    operands.delete(phi.id);
    phi.inputs = [...operands] as ValueId[];
    if (phi.inputs.length > 1) return phi.id;
    block.instructions.splice(block.instructions.indexOf(phi), 1);
    const [only] = phi.inputs;
    if (only === undefined) return null;
    this.#replaced.set(phi.id, only);
    return only;
  }

  /** What became of a value: trivial phis are replaced by their operand. */
  resolve(value: ValueId): ValueId {
    let v = value;
    for (let next = this.#replaced.get(v); next !== undefined; next = this.#replaced.get(v)) v = next;
    return v;
  }

  /** The reachable blocks in reverse postorder, values resolved. */
  finish(): Block[] {
    const seen = new Set<BlockId>();
    const postorder: OpenBlock[] = [];
    const visit = (id: BlockId) => {
      if (seen.has(id)) return;
      seen.add(id);
      const block = this.blocks[id]!;
      const t = block.terminator;
      if (block.handler !== null) visit(block.handler);
      if (t.kind === "goto") visit(t.target);
      if (t.kind === "branch") {
        visit(t.else);
        visit(t.then);
      }
      postorder.push(block);
    };
    visit(0);
    const blocks = postorder.reverse();
    this.#dropTrivialPhis(blocks);
    this.#markPartial(blocks);
    return blocks.map(({ id, instructions, sent, met, terminator, handler, loopDepth }) => ({ id, instructions, sent, met, terminator, handler, loopDepth }));
  }

  /** Values of unreachable blocks, and phis that no table reached, are no operands. */
  #dropUndefined(blocks: readonly OpenBlock[]): void {
    const defined = new Set(blocks.flatMap((b) => b.instructions.map((i) => i.id)));
    for (const block of blocks) {
      for (const i of block.instructions) i.inputs = i.inputs.filter((v) => defined.has(this.resolve(v)));
      const t = block.terminator;
      if (t.kind === "return" && t.value !== null && !defined.has(this.resolve(t.value))) block.terminator = { kind: "return", value: null };
    }
  }

  #operands(phi: Instruction): ValueId[] {
    const operands = new Set(phi.inputs.map((v) => this.resolve(v)));
    operands.delete(phi.id);
    return [...operands];
  }

  /** A phi whose operands became one value only after it was filled (loops): found by iteration, as in the paper. */
  #dropTrivialPhis(blocks: readonly OpenBlock[]): void {
    for (let changed = true; changed; ) {
      changed = false;
      this.#dropUndefined(blocks);
      for (const block of blocks) {
        for (const phi of block.instructions.filter((i) => i.op === "phi")) {
          const operands = this.#operands(phi);
          phi.inputs = operands;
          if (operands.length > 1) continue;
          if (operands.length === 1) this.#replaced.set(phi.id, operands[0]!);
          block.instructions.splice(block.instructions.indexOf(phi), 1);
          changed = true;
        }
      }
    }
    for (const block of blocks) {
      for (const i of block.instructions) i.inputs = i.op === "phi" ? this.#operands(i) : i.inputs.map((v) => this.resolve(v));
      const t = block.terminator;
      if (t.kind === "return" && t.value !== null) block.terminator = { ...t, value: this.resolve(t.value) };
    }
  }

  /** A value that replaced a phi to which no table came on some path stands for the variable on that path, too. */
  #markPartial(blocks: readonly OpenBlock[]): void {
    const reached = new Set(blocks.map(({ id }) => id));
    const values = new Map(blocks.flatMap((b) => b.instructions.map((i) => [i.id, i] as const)));
    for (const [phi, incoming] of this.#incoming) {
      const value = this.#replaced.has(phi) ? values.get(this.resolve(phi)) : undefined;
      if (value && incoming.some(([from, v]) => reached.has(from) && (v === null || !values.has(this.resolve(v))))) value.partial = true;
    }
  }
}
