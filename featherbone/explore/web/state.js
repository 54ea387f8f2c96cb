// What the page shows stands in its address, so that a view can be sent; every control writes it there.

const state = new URLSearchParams(location.hash.slice(1));
let watchers = []; // with the control that each belongs to, and that may have gone meanwhile

const value = (key, usual = "") => state.get(key) ?? usual;

const set = (changes) => {
  for (const [key, each] of Object.entries(changes)) {
    if (each === null) state.delete(key);
    else state.set(key, String(each));
  }
  history.replaceState(null, "", `#${state}`);
  tell();
};

const tell = () => {
  watchers = watchers.filter(({ control }) => !control || control.isConnected);
  watchers.forEach(({ watcher }) => watcher());
};

const onChange = (watcher, control = null) => watchers.push({ watcher, control });

addEventListener("hashchange", () => {
  const written = new URLSearchParams(location.hash.slice(1));
  [...state.keys()].forEach((key) => state.delete(key));
  written.forEach((each, key) => state.set(key, each));
  tell();
});
