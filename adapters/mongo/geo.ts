import { Filled, isPlainReference } from '../../src/store/placeholder.ts';
import { readData, readLiteral } from './data.ts';
import { bareNumber } from './extended-json.ts';
import { isFields, type Read, type Walk } from './walk.ts';

/** Reads a GeoJSON object; a reference may stand for its `coordinates` or in them. */
export function readGeometry(walk: Walk, value: unknown): unknown {
  return walk.fields(
    value,
    { type: readLiteral, coordinates: readCoordinates, crs: readLiteral, geometries: readGeometries },
    ['type'],
  );
}

const readGeometries: Read = (walk, value) => walk.list(value, readGeometry, 1);

function readCoordinates(walk: Walk, value: unknown): unknown {
  const isList =
    Array.isArray(value) || isPlainReference(value) || (value instanceof Filled && Array.isArray(value.value));
  return isList ? readPosition(walk, value) : walk.other(value, 'a list of numbers, or of such lists');
}

function readPosition(walk: Walk, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((member, index) => walk.at(index, member, readPosition));
  const data =
    typeof value === 'number' || value instanceof Filled || isPlainReference(value) || isFields(value)
      ? readData(walk, value)
      : undefined;
  // What is filled in is looked at once there is room for it.
  if (data !== undefined && !(value instanceof Filled && !isPosition(value.value))) return data;
  return walk.other(value, 'a number, or a list of numbers');
}

function isPosition(value: unknown): boolean {
  return typeof bareNumber(value) === 'number' || (Array.isArray(value) && value.every(isPosition));
}

const SHAPES: Readonly<Record<string, Read>> = {
  $geometry: readGeometry,
  $box: readLiteral,
  $polygon: readLiteral,
  $center: readLiteral,
  $centerSphere: readLiteral,
};

/** Reads what `$geoWithin` and `$geoIntersects` take: one shape. */
export function readShape(walk: Walk, value: unknown): unknown {
  return walk.operators(value, SHAPES);
}

/** Reads what `$near` and `$nearSphere` take: a point with distances, or a pair of coordinates. */
export function readNear(walk: Walk, value: unknown): unknown {
  if (Array.isArray(value)) return readLiteral(walk, value);
  return walk.operators(value, { $geometry: readGeometry, $maxDistance: readLiteral, $minDistance: readLiteral });
}
