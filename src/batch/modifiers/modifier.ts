import type { z } from 'zod';
import type { Steps } from '../../budget/work.ts';
import type { Limits } from '../../config/load.ts';
import type { Value } from '../../store/payload.ts';
import type { Budgets, Given } from '../template/fill-template.ts';
import type { Findings } from '../template/read-template.ts';
import type { Reference, Report } from '../template/reference.ts';
import type { Spot } from '../template/spot.ts';
import type { Condition } from './condition.ts';

/** What reading a modifier may look at, and where it leaves the references that it finds. */
export interface Reading {
  /** Where the query or group stands in the request. */
  readonly at: Spot;
  /** All that is written there. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly limits: Pick<Limits, 'calls' | 'keyChars'>;
  readonly report: Report;
  /** References that are needed to tell whether it runs; one that leads nowhere is null. */
  readonly toStart: Findings;
  /** References that are needed to run it; one that leads nowhere fails it. */
  readonly toRun: Findings;
  /** References that its value is reshaped with; one that leads nowhere is null. */
  readonly toReshape: Findings;
}

/** What all modifiers have; one that has no more is applied by those who look at what it says. */
export interface Plain<T> {
  /** What a request may write, and what it is for. */
  readonly schema: z.ZodType;
  /** It says something of one question to a store, and so may not stand on a group. */
  readonly ofQueries?: true;
  /** What it says in a plan; `value` is undefined where nothing, or something wrong, is written. */
  read(this: void, value: unknown, at: Spot, reading: Reading): T;
}

/** Decides whether the query or group runs, if those before it let it run. */
export interface Chooses extends Plain<Condition | undefined> {
  readonly on: 'start';
  apply(this: void, said: Condition, given: Given): Steps<boolean>;
}

/** Names it, once what the name refers to is there. */
export interface Names<T> extends Plain<T> {
  readonly on: 'name';
  apply(this: void, said: Reference, given: Given): Steps<string>;
}

/** Makes another value of its value, or refuses it. What it makes is written once all have been applied. */
export interface Reshapes<T> extends Plain<T> {
  readonly on: 'value';
  /** Makes one value of a group's members. */
  readonly makesOne?: boolean;
  apply(this: void, said: NonNullable<T>, value: Value, given: Given): Steps<Value>;
}

/** Answers a value where it failed, or was skipped for a failure. */
export interface Rescues<T> extends Plain<T> {
  readonly on: 'failure';
  apply(this: void, said: NonNullable<T>, budgets: Budgets): Value;
}

/** A field that may stand on any query or group. */
export type Modifier<T> = (Plain<T> & { readonly on?: undefined }) | Chooses | Names<T> | Reshapes<T> | Rescues<T>;
