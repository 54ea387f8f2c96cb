// A block at given letters. BLOCKS holds the printed closed forms; nothing here knows what a block costs.

const caseOf = (block, letters) => block.cases.find(({ when }) =>
  Object.entries(when).every(([letter, special]) => letters[letter] === special));

const argumentsOf = (block, letters) => block.letters.map((letter) => letters[letter]);

const isBuilt = (block, letters) =>
  caseOf(block, letters).whole(...argumentsOf(block, letters))[0].every((each) => Number.isInteger(each));

// The channels nearest to those asked for with which every quotient is whole.
const buildable = (block, letters) => {
  const wanted = block.keeps ? { ...letters, N: letters.M } : letters;
  const reach = 2 * (wanted.t ?? 1) * (wanted.G ?? 1) + 2;
  let best = null;
  for (let away = 0; away <= reach && !best; away += 1) {
    for (let first = -away; first <= away; first += 1) {
      const rest = away - Math.abs(first);
      for (const second of block.keeps ? [0] : new Set([-rest, rest])) {
        const tried = { ...wanted, M: wanted.M + first, N: wanted.N + second };
        if (block.keeps) tried.N = tried.M;
        if (!best && tried.M > 0 && tried.N > 0 && isBuilt(block, tried)) best = tried;
      }
    }
  }
  return best;
};

const blockCost = (block, letters) => {
  const form = caseOf(block, letters);
  const rows = form.at(...argumentsOf(block, letters));
  const sum = (place) => rows.reduce((total, row) => total + row[place], 0);
  const bytes = rows.map(([channels, side]) => 4 * channels * side * side);
  const memory = liveness(form.storages, bytes, rows.length);
  const standard = letters.K ** 2 * letters.M * letters.N * letters.I ** 2;
  return { form, rows, macs: sum(2), params: sum(3), activations: sum(4), memory, standard, ratio: sum(2) / standard };
};
