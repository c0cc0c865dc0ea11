/** What a program says of a session; what it leaves out the environment says: SNOWFLAKE_ACCOUNT, SNOWFLAKE_WAREHOUSE and so on. */
export interface Place {
  /** Which account: `myorg-myaccount`; else SNOWFLAKE_ACCOUNT says it. */
  readonly account?: string;
  /** Who computes; else SNOWFLAKE_WAREHOUSE, or the user's own. */
  readonly warehouse?: string;
  /** In which role; else SNOWFLAKE_ROLE, or the user's own. */
  readonly role?: string;
  /** Of tables that are named without one; else SNOWFLAKE_DATABASE. */
  readonly database?: string;
  /** Of tables that are named without one; else SNOWFLAKE_SCHEMA. */
  readonly schema?: string;
}
