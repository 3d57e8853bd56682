// Who follows the calls to a broker: metrics, traces, and an operation that asked what it costs.
import type { BrokerName } from '../../broker-name.ts';
import type { BrokerError } from '../../error.ts';
import type { Operation } from '../operation.ts';
import type { UpstreamRequest } from '../transport.ts';
import type { CallReport } from './call-report.ts';

/** Begins to follow a call. */
export type CallFollower = (
  broker: BrokerName,
  request: Pick<UpstreamRequest, 'method' | 'path' | 'apiKey'>,
  operation: Operation,
) => CallReport;

/** Begins to follow a call of one broker; null where no follower is interested. */
export type FollowCall = (request: UpstreamRequest, operation: Operation) => CallReport | null;

/** All followers as one, and with them the operation that makes the call. */
export function followedBy(broker: BrokerName, followers: readonly CallFollower[]): FollowCall {
  return (request, operation) => {
    const { cost } = operation;
    if (followers.length === 0) return cost?.follow(broker, request.apiKey) ?? null;
    const reports = followers.map((follow) => follow(broker, request, operation));
    if (cost) reports.push(cost.follow(broker, request.apiKey));
    return allOf(reports);
  };
}

function allOf(reports: readonly CallReport[]): CallReport {
  const [only, another] = reports;
  if (only !== undefined && another === undefined) return only;
  return {
    started(waitedMilliseconds: number) {
      for (const report of reports) report.started(waitedMilliseconds);
    },
    ended(error: BrokerError | null) {
      for (const report of reports) report.ended(error);
    },
  };
}
