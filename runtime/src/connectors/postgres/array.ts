/** Arrays as PostgreSQL prints and reads them: `{1,NULL,"a \\"b\\""}`; `[0:1]={1,2}` where the first element is not the first. */

const [NONE, SEVERAL] = ["a text that is no array", "an array of several dimensions"] as const;

/** The texts of the elements; or what it is that is no list of them. */
export function elementsOf(array: string): (string | null)[] | typeof NONE | typeof SEVERAL {
  const elements: (string | null)[] = [];
  const [begin, end] = [array.startsWith("[") ? array.indexOf("=") + 1 : 0, array.length - 1];
  if (array[begin] !== "{" || array[end] !== "}") return NONE;
  for (let at = begin + 1; at < end || elements.length > 0; at++) {
    if (array[at] === "{") return SEVERAL;
    const from = at;
    if (array[at] === '"') {
      let [text, rest] = ["", ++at];
      for (; at < end && array[at] !== '"'; at++) {
        if (array[at] !== "\\") continue;
        text += array.slice(rest, at);
        rest = ++at;
      }
      elements.push(text + array.slice(rest, at++));
    } else {
      while (at < end && array[at] !== ",") at++;
      const text = array.slice(from, at);
      if (text === "") return NONE;
      elements.push(text === "NULL" ? null : text);
    }
    if (at === end) return elements;
    if (array[at] !== ",") return NONE;
  }
  return elements;
}

/** What stands without quotes, as numbers do. */
const isBare = /^(?!null$)[-+.\w]+$/i;

/** The array of elements that PostgreSQL reads as these texts. */
export const arrayOf = (elements: readonly (string | null)[]): string => `{${elements.map((text) => (text === null ? "NULL" : isBare.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`)).join(",")}}`;
