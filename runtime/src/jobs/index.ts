export { Janitor } from "../launch/janitor.ts";
export { Jobs } from "./client.ts";
export { hasEnded, type JobEvent, type Phase, type RunRequest } from "./protocol.ts";
export { type JobService, startJobService } from "./service.ts";
