import { modifiers } from './index.ts';
import type { Chooses, Modifier, Rescues, Reshapes } from './modifier.ts';

/** What a modifier is called in a request. */
export type Name = keyof typeof modifiers;

type Named<M> = readonly (readonly [Name, M])[];

/** All modifiers by name, in their order. */
export const all = Object.entries(modifiers) as unknown as Named<Modifier<unknown>>;

/** Those that decide whether it runs. */
export const choosing = all.filter(([, { on }]) => on === 'start') as unknown as Named<Chooses>;

/** Those that make another value of its value, or refuse it. */
export const reshaping = all.filter(([, { on }]) => on === 'value') as unknown as Named<Reshapes<unknown>>;

/** Those of them that make one value of a group's members. */
export const makingOne = reshaping.filter(([, { makesOne }]) => makesOne);

/** Those that answer a value where it failed. */
export const rescuing = all.filter(([, { on }]) => on === 'failure') as unknown as Named<Rescues<unknown>>;
