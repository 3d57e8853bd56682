// A gateway on simulated brokers that keep their real rate limit, and a user who asks all the while.

import { simulatorSettings } from '../../support/processes/command.ts';
import { type Answers, measure, type Outcome, ordinaryUser } from '../report/measure.ts';
import { startGateway, startSimulatorProcess } from './processes.ts';

/** Starts the built command in production with one app, on a simulated Kite. */
export async function startGatewayProcess(env: Readonly<Record<string, string>> = {}) {
  const simulator = await startSimulatorProcess();
  const gateway = await startGateway({ env: { ...simulatorSettings(simulator.url), ...env } });

  async function brokerCalls(): Promise<number> {
    const { length } = await simulator.calls();
    await simulator.forgetCalls();
    return length;
  }

  /** Measures an abuse, with an ordinary user beside it. */
  async function during(sent: string, abuse: () => Promise<Answers>) {
    const user = ordinaryUser(gateway.url);
    const fault = async (): Promise<Outcome> => {
      const answers = await abuse();
      return { answers, lost: [...answers.keys()].filter((answer) => unanswered.test(answer)) };
    };
    return measure({ sent, gateway, brokerPorts: [simulator.port], brokerCalls, user }, fault);
  }

  return { ...gateway, simulatorUrl: simulator.url, during, brokerCalls };
}

/** What {@link sendAll} says of a request without an answer. */
const unanswered = /^(cut off|no answer|E[A-Z]+)$/;
