/** What rank 0 has asked Snowflake, and where the rows of its answer are: `openSnowflake` of the engine deals them over the ranks. */
import { describe, inSession, type ReadSnowflakeOptions } from "../connectors/snowflake/read.ts";
import { alone } from "./checked.ts";
import type { Engine } from "./engine.ts";
import { engineText } from "./engine-text.ts";
import { description } from "./outcome.ts";
import type { ReaderDescriptor } from "./sources.ts";

/** The columns that are read, the rows that the filter leaves, and no more than are wanted; or why there is no answer: the engine tells the other ranks. */
export async function snowflakeRequest(engine: Engine, table: string, options: ReadSnowflakeOptions<Record<string, unknown>>, { columns, declared, filter, limit, site }: ReaderDescriptor): Promise<string> {
  try {
    return await inSession(table, options, async (session, source) => {
      const found = await describe(session, source, table);
      const asked = { name: source, table, found, columns: columns.map(({ name }) => name), declared, types: options.types ?? {}, ...(filter && { filter }), ...(limit !== undefined && { limit }), ...(options.connections !== undefined && { connections: options.connections }) };
      const statement = await alone(Promise.resolve().then(() => engine.snowflakeStatement(engineText(asked))));
      const { columns: came, ...result } = await session.run(source, statement);
      return engineText({ ...asked, ...result, statement, came, site });
    });
  } catch (error) {
    return JSON.stringify({ failed: JSON.parse(description(error)) as unknown, site });
  }
}
