import type { Shape } from './making.ts';
import { encodedShapes } from './encoded-shapes.ts';
import { filledShapes } from './filled-shapes.ts';
import { groupShapes } from './group-shapes.ts';
import { mongoShapes } from './mongo-shapes.ts';
import { restShapes } from './rest-shapes.ts';

/** The shapes, each at about the most that the default limits let through. */
export const shapes: readonly Shape[] = [
  ...restShapes,
  ...mongoShapes,
  ...groupShapes,
  ...encodedShapes,
  ...filledShapes,
];
