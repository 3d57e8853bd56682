// The simulated users: what they are called and how many there can be.
import { seededDraw } from '../random.ts';

/** The most users a simulator can have. */
export const mostAccounts = 10_000;

/** The id of the user with a number: `SIM0001` for 1, `SIM10000` for 10,000. */
export function userIdOf(userNumber: number): string {
  return `SIM${String(userNumber).padStart(4, '0')}`;
}

/** The number of the user with an id, or null where a simulator of that many accounts has no such user. */
export function userNumberOf(userId: string, accounts: number): number | null {
  const userNumber = Number(/^SIM(\d{4,5})$/.exec(userId)?.[1] ?? 0);
  const exists = userNumber >= 1 && userNumber <= accounts && userIdOf(userNumber) === userId;
  return exists ? userNumber : null;
}

/** The ids of the first users, at most `limit` of them. */
export function firstUserIds(accounts: number, limit: number): string[] {
  return Array.from({ length: Math.min(accounts, limit) }, (_, index) => userIdOf(index + 1));
}

const givenNames = [
  'Meenakshi',
  'Arvind',
  'Farida',
  'Joseph',
  'Harpreet',
  'Lakshmi',
  'Devansh',
  'Ishita',
  'Nikhil',
  'Sharmila',
  'Tenzin',
  'Rukmini',
  'Yusuf',
  'Gauri',
  'Prakash',
  'Anjali',
  'Bhavesh',
  'Kamala',
  'Rohini',
  'Sameer',
];

const familyNames = [
  'Deshpande',
  'Raghunathan',
  'Merchant',
  'Kurian',
  'Gill',
  'Hegde',
  'Bhattacharya',
  'Solanki',
  'Mohanty',
  'Thakur',
  'Wangchuk',
  'Pillai',
  'Ansari',
  'Joglekar',
  'Saxena',
  'Borah',
  'Trivedi',
  'Naidu',
  'Chaudhary',
  'Rao',
];

/** A person's name, in two parts. */
export interface Name {
  /** The given name, such as `Meenakshi`. */
  readonly given: string;
  /** The family name, such as `Deshpande`. */
  readonly family: string;
}

/** The name of a user: the same for the same seed; the first user's is the same for every seed. */
export function nameOf(userNumber: number, seed: number): Name {
  const draw = seededDraw(seed, userNumber, 'name');
  const pick = (names: readonly string[]) =>
    names[userNumber === 1 ? 0 : draw(0, names.length - 1)] ?? '';
  return { given: pick(givenNames), family: pick(familyNames) };
}
