import { unplugin } from "./factory.ts";

export type { LockstepOptions } from "./options.ts";
export default unplugin.webpack;
