/** Stands for the value in it, wherever values are told from each other. */
export abstract class Wrapped {
  abstract readonly value: unknown;
}
