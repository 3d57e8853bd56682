// Next.js: app/kite/[...path]/route.ts answers every path of the gateway below /kite.
import { gateway } from '../../../gateway.ts';

// The gateway runs on Node, and nothing of it can be rendered ahead.
export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

const answer = (request: Request) => gateway.fetch(request);

export { answer as GET, answer as HEAD, answer as OPTIONS, answer as POST };
