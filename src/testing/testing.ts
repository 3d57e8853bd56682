// The entry for tests of other projects: `import { startGateway } from 'kite-graphql/testing'`.
export {
  type GatewayForTests,
  type StartGatewayOptions,
  startGateway,
} from './gateway.ts';
export type { LoginCookie } from './login.ts';
export {
  type AccessCode,
  type BrokerRequest,
  type ClockStep,
  ControlRefusedError,
  connectSimulator,
  type Fault,
  type PayIn,
  type SimulatedUser,
  type SimulatorApp,
  type SimulatorControl,
  type SimulatorForTests,
  type SimulatorOptions,
  startSimulator,
} from './simulator.ts';
