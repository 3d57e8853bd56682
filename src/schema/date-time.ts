// DateTime: RFC 3339 with an offset. Answers are in India's time, as Kite's are.
import { GraphQLError } from 'graphql';
import { formatIndiaTime } from '../brokers/india-time.ts';
import { builder } from './builder.ts';

const withOffset = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

builder.scalarType('DateTime', {
  description:
    'A time as RFC 3339 with an offset: `2021-01-01T16:15:14+05:30`. Answers use India Standard Time, which is ' +
    'UTC+05:30 all year. JavaScript reads it with `new Date(value)`.',
  serialize: formatIndiaTime,
  parseValue(value) {
    const time = typeof value === 'string' && withOffset.test(value) ? new Date(value) : null;
    if (time === null || Number.isNaN(time.getTime())) {
      throw new GraphQLError('DateTime must be RFC 3339 with an offset');
    }
    return time;
  },
});
