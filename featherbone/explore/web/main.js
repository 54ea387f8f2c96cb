// One view at a time; the others wait until they are asked for.

const VIEWS = { blocks: blocksView, network: networkView };
const drawers = {};

const show = () => {
  const asked = value("view", "blocks");
  const view = asked in VIEWS ? asked : "blocks";
  for (const name of Object.keys(VIEWS)) {
    find(`view-${name}`).hidden = name !== view;
    if (name === view) find(`to-${name}`).setAttribute("aria-current", "page");
    else find(`to-${name}`).removeAttribute("aria-current");
  }
  drawers[view] ??= VIEWS[view]();
  drawers[view]();
};

for (const name of Object.keys(VIEWS)) {
  find(`to-${name}`).addEventListener("click", (event) => { event.preventDefault(); set({ view: name }); });
}
onChange(show);
show();
document.documentElement.dataset.ready = "yes";
