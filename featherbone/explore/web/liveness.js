// Memory over time: bytes that are alive while each operator runs. A storage is [place of its node, first, last].

const liveness = (storages, bytes, steps) => {
  const changes = new Array(steps + 1).fill(0);
  for (const [place, first, last] of storages) {
    changes[first] += bytes[place];
    changes[last + 1] -= bytes[place];
  }
  let alive = 0;
  const timeline = changes.slice(0, steps).map((change) => (alive += change));
  const peak = Math.max(...timeline);
  const step = timeline.indexOf(peak);
  const live = storages.filter(([, first, last]) => first <= step && step <= last).map(([place]) => place);
  return { timeline, peak, step, live: live.sort((one, other) => bytes[other] - bytes[one]) };
};
