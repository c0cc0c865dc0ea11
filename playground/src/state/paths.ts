const segment = String.raw`[^/\\:*?"<>|\p{Cc}]+`;
const source = new RegExp(`^${segment}(/${segment})*\\.[cm]?tsx?$`, "u");

/** Whether a text is the path of a source file in the workspace: relative, leading nowhere else. */
export const isPath = (path: string): boolean => path.length <= 200 && source.test(path) && !/(^|\/)\.\.?(\/|$)/.test(path);
