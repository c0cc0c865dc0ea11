/** CodeMirror in the page's colours: custom properties reach into the editor's shadow tree and change with the theme. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags as t } from "@lezer/highlight";

const highlight = HighlightStyle.define([
  { tag: [t.keyword, t.modifier, t.operatorKeyword], color: "var(--syntax-keyword)" },
  { tag: [t.string, t.special(t.string), t.regexp], color: "var(--syntax-string)" },
  { tag: [t.number, t.bool, t.null, t.atom], color: "var(--syntax-number)" },
  { tag: [t.comment, t.meta], color: "var(--syntax-comment)" },
  { tag: [t.typeName, t.className, t.namespace], color: "var(--syntax-type)" },
  { tag: [t.function(t.variableName), t.function(t.propertyName), t.definition(t.function(t.variableName))], color: "var(--syntax-function)" },
  { tag: [t.propertyName], color: "var(--syntax-property)" },
]);

const theme = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--surface)", fontSize: "var(--code-size)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", overflow: "auto" },
  ".cm-content": { caretColor: "var(--accent)", padding: "10px 0" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--text-faint)", border: "none", paddingRight: "4px" },
  ".cm-cursor": { borderLeftColor: "var(--accent)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--active-line)" },
  ".cm-line.cm-pointed": { backgroundColor: "var(--pointed)", boxShadow: "inset 3px 0 0 var(--accent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--selection)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--selection)", outline: "none" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--border)", borderRadius: "6px", boxShadow: "var(--shadow)", overflow: "hidden" },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--text)", borderColor: "var(--border)" },
  ".cm-textfield": { backgroundColor: "var(--surface)", color: "var(--text)", border: "1px solid var(--border)" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--surface)", color: "var(--text)", border: "1px solid var(--border)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--error) 1px", textUnderlineOffset: "3px", textDecorationSkipInk: "none" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warning) 1px", textUnderlineOffset: "3px", textDecorationSkipInk: "none" },
  ".cm-diagnostic": { padding: "8px 10px", maxWidth: "64ch", whiteSpace: "normal", borderLeft: "3px solid var(--error)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warning)" },
  ".cm-diagnosticAction": { backgroundColor: "var(--accent)", color: "var(--on-accent)", borderRadius: "4px", padding: "3px 10px", margin: "6px 0 0", font: "inherit" },
  ".why-code": { fontFamily: "var(--mono)", color: "var(--text-soft)", marginRight: "6px" },
  ".why-chain": { margin: "6px 0 0", padding: "0 0 0 16px", color: "var(--text-soft)" },
  ".inlay": { marginLeft: "2ch", padding: "1px 7px", borderRadius: "9px", backgroundColor: "var(--inlay)", color: "var(--text-soft)", fontSize: "0.82em", whiteSpace: "nowrap" },
  ".inlay::before": { content: '""', display: "inline-block", width: "7px", height: "7px", borderRadius: "50%", marginRight: "6px", backgroundColor: "var(--dist, var(--dist-any))" },
  ".inlay[data-kind=block]": { "--dist": "var(--dist-block)" },
  ".inlay[data-kind=hash]": { "--dist": "var(--dist-hash)" },
  ".inlay[data-kind=range]": { "--dist": "var(--dist-range)" },
  ".inlay[data-kind=replicated]": { "--dist": "var(--dist-replicated)" },
  ".schema": { padding: "8px 12px", maxWidth: "56ch", maxHeight: "50vh", overflow: "auto", fontFamily: "var(--sans)", fontSize: "13px" },
  ".schema h4": { margin: "0 0 4px", font: "600 13px var(--mono)" },
  ".schema p": { margin: "4px 0", color: "var(--text-soft)" },
  ".schema table": { borderCollapse: "collapse", font: "12px var(--mono)" },
  ".schema td": { padding: "1px 14px 1px 0" },
  ".schema .pruned": { color: "var(--text-faint)", textDecoration: "line-through" },
});

export const appearance = [theme, syntaxHighlighting(highlight)];
