import { describedPart } from '../../agents/described-part.ts';
import type { CallTool, ToolText } from '../../agents/mcp-handler.ts';
import { toolAnswer } from '../../agents/tool-answer.ts';
import { errorText, failureText, refusalText } from '../../agents/tool-fault.ts';
import { describeSchema, runSchemaOf } from '../../agents/tools.ts';
import { checkFields } from '../../batch/plan/check-fields.ts';
import { type Pattern, PATTERNS } from '../../batch/plan/node.ts';
import { planning } from '../../batch/plan/plan.ts';
import type { Running } from '../../batch/run/run.ts';
import type { Report } from '../../batch/template/reference.ts';
import { Spot } from '../../batch/template/spot.ts';
import { endingBy } from '../../budget/work.ts';
import { json } from '../../encodings/json.ts';
import { CodapError } from '../../errors.ts';
import { BadRequest, FaultList, within } from '../../json/fault-list.ts';
import { followPath } from '../../json/members.ts';
import { askedBy } from '../../saved/asked.ts';
import { OWN_TOOLS } from '../../saved/definition.ts';
import type { SavedBatch } from '../../saved/saved-batch.ts';
import { choice } from '../../store/choice.ts';
import type { DescribeSource } from '../describe-source.ts';
import { countBatch } from '../http/count-batches.ts';
import { noteOwnFault } from '../http/note-own-fault.ts';
import { timeoutAsked } from './batch-time.ts';
import type { Asked } from './asking.ts';
import { beginExchange, type Received } from './batch-exchange.ts';
import { conduct, logUnplanned } from './conduct.ts';
import type { Service } from './service.ts';

/** What the call of a tool is answered from. */
export interface Calling {
  readonly service: Service;
  readonly describeSource: DescribeSource;
  readonly received: Received;
  /** The arguments of the call, as they were written. Throws BadRequest. */
  readonly given: () => unknown;
}

/** Calls the tools that a service offers to who asks. */
export function toolCalls(calling: Calling): CallTool {
  const { work, request } = calling.received;
  return (name) => {
    if (name === OWN_TOOLS.run) return runBatch(calling);
    if (name === OWN_TOOLS.describe) return describe(calling);
    const batch = calling.service.savedFor(request.caller).get(name) as SavedBatch;
    return callBatch({ pattern: batch.plan.root.pattern, batch: name }, calling, (params) =>
      within('/params', () => work.do(askedBy({ params }, batch, work))),
    );
  };
}

/** Runs a batch that stands in the arguments. */
function runBatch(calling: Calling): Promise<ToolText> {
  const { service, received, given } = calling;
  const { config, sourcesFor } = service;
  const { caller } = received.request;
  const sources = sourcesFor(caller);
  let named: unknown;
  try {
    named = followPath(given(), ['pattern']);
  } catch {
    // What is wrong with it is told below.
  }
  const pattern = PATTERNS.find((known) => known === named) ?? 'kv';
  return callBatch({ pattern }, calling, async (body) => {
    const { work, received: began } = received;
    const steps = planning(pattern, body, { sources, limits: config.limits, work }, runSchemaOf(pattern));
    return { plan: await work.do(endingBy(steps, began + timeoutAsked(body, config, caller))) };
  });
}

/** Answers one batch, counts it, and logs its line, as where it is asked for without a tool. */
async function callBatch(
  named: { readonly pattern: Pattern; readonly batch?: string },
  { service, received, given }: Calling,
  read: (given: unknown) => Asked | Promise<Asked>,
): Promise<ToolText> {
  const { request, reply } = received;
  const counted = countBatch(request, reply, [named.pattern, named.batch ?? '']);
  counted.encoding = json.mediaType;
  const most = service.config.server.maxToolBytes;
  const exchange = beginExchange(service, received, named, counted);
  try {
    const asked = await read(given());
    let answer: ToolText | undefined;
    await conduct(exchange, asked, json, async (running) => {
      answer = await answerOf(running, most);
    });
    return answer as ToolText;
  } catch (error) {
    logUnplanned(exchange, error);
    counted.status = error instanceof BadRequest ? 400 : error instanceof CodapError ? error.http : 500;
    return toldFault(error, received, most);
  } finally {
    counted.ends();
  }
}

/** The answer of a batch under way. */
async function answerOf({ batch, root }: Running, most: number): Promise<ToolText> {
  const { list } = await root.reply;
  if (!batch.decidedBy && list) {
    try {
      return { text: await batch.work.do(toolAnswer(list, most, batch.options.deadline)), isError: false };
    } catch (cause) {
      batch.failWriting(cause);
    }
  }
  return { text: failureText(batch, most), isError: true };
}

/** Describes a source. */
async function describe({ service, describeSource, received, given }: Calling): Promise<ToolText> {
  const { sourcesFor, config } = service;
  const sources = sourcesFor(received.request.caller);
  const most = config.server.maxToolBytes;
  const { left, work } = received;
  try {
    const faults = new FaultList();
    const report: Report = ({ path }, detail) => faults.add(path, detail);
    const { name, at } = checkFields(describeSchema, given(), Spot.TOP, report) ?? {};
    const source = sources.get(String(name));
    if (faults.empty && !source) faults.add(['name'], choice([...sources.keys()]));
    if (!source || !faults.empty) throw new BadRequest(faults.told());
    const { toAgents } = await describeSource(source, left);
    const text = await work.do(describedPart(toAgents, (at as string | undefined) ?? '', most, work));
    return { text, isError: false };
  } catch (error) {
    return toldFault(error, received, most);
  }
}

/** What an agent is told where nothing could be run; a fault of codap's own is in the log alone. */
function toldFault(error: unknown, { request }: Received, most: number): ToolText {
  if (error instanceof BadRequest) return { text: refusalText(error, most), isError: true };
  const known = error instanceof CodapError ? error : new CodapError('INTERNAL', 'codap failed to answer this');
  if (known.code === 'INTERNAL') noteOwnFault(request, error, 'a tool failed by our fault');
  return { text: errorText(known), isError: true };
}
