// Lines of services as safe text: colours become classes, everything else that steers a terminal goes.

const SGR = /\x1b\[([\d;:]*)m/g;
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|.)/g;
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const clean = (text) => text.replace(ESCAPES, "").replace(CONTROLS, "");

/** A text that comes from a service or a configuration: without control and bidirectional characters. */
export const safe = (text) => text.replace(ESCAPES, "").replace(CONTROLS, "\u{fffd}");

/** The text alone. */
export function plain(message) {
  if (!/[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e-\u202e\u2066-\u2069]/.test(message)) return message;
  return clean(afterReturn(message));
}

/** Of a progress bar, the last state. */
function afterReturn(message) {
  const line = message.endsWith("\r") ? message.slice(0, -1) : message;
  return line.slice(line.lastIndexOf("\r") + 1);
}

/** Pieces of text with the class of their colours. */
export function pieces(message) {
  if (!message.includes("\x1b")) return [{ text: plain(message), kind: "" }];
  const line = afterReturn(message);
  const found = [];
  let kind = { color: "", bold: false, dim: false };
  let from = 0;
  const push = (text) => {
    const safe = clean(text);
    const classes = [kind.color, kind.bold && "bold", kind.dim && "dim"].filter(Boolean).join(" ");
    if (safe) found.push({ text: safe, kind: classes });
  };
  for (const match of line.matchAll(SGR)) {
    push(line.slice(from, match.index));
    from = match.index + match[0].length;
    kind = after(kind, match[1]);
  }
  push(line.slice(from));
  return found;
}

function after(kind, codes) {
  let { color, bold, dim } = kind;
  const numbers = codes.split(/[;:]/).map(Number);
  for (let i = 0; i < numbers.length; i++) {
    const code = numbers[i];
    if (code === 0) [color, bold, dim] = ["", false, false];
    else if (code === 1) bold = true;
    else if (code === 2) dim = true;
    else if (code === 22) bold = dim = false;
    else if (code >= 30 && code <= 37) color = `c${code - 30}`;
    else if (code >= 90 && code <= 97) color = `c${code - 90}`;
    else if (code === 39) color = "";
    else if (code === 38 || code === 48) {
      // Of the larger palettes, the part that the theme has.
      if (numbers[i + 1] === 5) {
        if (code === 38) color = numbers[i + 2] < 16 ? `c${numbers[i + 2] % 8}` : "";
        i += 2;
      } else i += 4;
    }
  }
  return { color, bold, dim };
}
