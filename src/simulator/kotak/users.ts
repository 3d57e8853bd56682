// The simulated users of Kotak, and the app through which they log in.

/** The two hosts of the simulated Kotak, as the first part of their paths: each user is served by one of them. */
export const hosts = ['kotak', 'kotak-c'] as const;

/** One of the hosts. */
export type Host = (typeof hosts)[number];

/** A simulated user. */
export interface KotakUser {
  readonly userId: string;
  readonly name: string;
  readonly password: string;
  /** The host that serves the user; the other one answers `init` with a redirect, and refuses everything else. */
  readonly host: Host;
  /** `G` or `V`, whose meanings are not established; here `V` can look and not trade. */
  readonly userType: 'G' | 'V';
  /** Wrong tries of password or code in a row, after which the account is locked; null: it never is. */
  readonly triesBeforeLock: number | null;
  /** Whether the second step needs no access code. */
  readonly waivesCode: boolean;
  /** How the answer to the second step is wrapped: Kotak has been seen to do both. */
  readonly wrapper: 'Success' | 'success';
}

/** The three users. How many tries Kotak allows is not established. */
export const kotakUsers: readonly KotakUser[] = [
  {
    userId: 'SIMK01',
    name: 'Ishita Wangchuk',
    password: 'SIMK01-password',
    host: 'kotak',
    userType: 'G',
    triesBeforeLock: null,
    waivesCode: false,
    wrapper: 'Success',
  },
  {
    userId: 'SIMK02',
    name: 'Prakash Joglekar',
    password: 'SIMK02-password',
    host: 'kotak-c',
    userType: 'G',
    triesBeforeLock: 3,
    waivesCode: false,
    wrapper: 'Success',
  },
  {
    userId: 'SIMK03',
    name: 'Rohini Naidu',
    password: 'SIMK03-password',
    host: 'kotak',
    userType: 'V',
    triesBeforeLock: 3,
    waivesCode: true,
    wrapper: 'success',
  },
];

/** The user with an id. */
export function kotakUser(userId: string): KotakUser | undefined {
  return kotakUsers.find((user) => user.userId === userId);
}

/** The only app of the simulated Kotak. */
export const kotakApp = {
  consumerKey: 'simulator-kotak',
  consumerSecret: 'simulator-kotak-secret',
  /** As the portal makes it, to last for ever. */
  accessToken: 'simulator-kotak-app-token',
} as const;

/** The token of a session that exists without a login, until the end of the day in India or a logout. */
export function standingSession(userId: string): string {
  return `${userId}-session`;
}
