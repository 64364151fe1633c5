/** What every source's configuration says of its layers: one option each, in the order of the recipe. */
export const layerOptions = {};
