// The provider's options: every problem is told at once, with the name of the option and the remedy.

/** `defaults` with what `given` says. A default shows the type. Throws a list of sentences. */
export function parse(defaults, given) {
  const problems = [];
  const options = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    if (!(name in defaults)) problems.push(unknown(name, Object.keys(defaults)));
    else if (kind(value) !== kind(defaults[name])) problems.push(mistyped(name, value, defaults[name]));
    else options[name] = value;
  }
  if (problems.length > 0) throw problems;
  return options;
}

function kind(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

function mistyped(name, value, usual) {
  const shown = JSON.stringify(value).slice(0, 60);
  return `options.${name}: ${shown} does not fit: write a ${kind(usual)}, such as ${JSON.stringify(usual)}`;
}

function unknown(name, known) {
  if (known.length === 0) return `options.${name}: this transformer has no options; remove it`;
  const near = known.map((other) => [distance(name, other), other]).sort(([a], [b]) => a - b)[0];
  if (near[0] <= Math.ceil(name.length / 3)) return `options.${name}: no such option; did you mean \`${near[1]}\`?`;
  return `options.${name}: no such option; remove it or use one of: ${known.join(", ")}`;
}

/** Edit distance. */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 0; i < a.length; i += 1) {
    const before = row;
    row = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const replaced = before[j] + (a[i] === b[j] ? 0 : 1);
      row.push(Math.min(replaced, before[j + 1] + 1, row[j] + 1));
    }
  }
  return row[b.length];
}
