// The margins of Kotak under its own names (documentation of its Python client: "MarginApi").
import {
  type KotakAmountName,
  type KotakAmounts,
  type KotakEquityMargins,
  type KotakIntradayMargins,
  type KotakMargins,
  type KotakTradedMargins,
  kotakAmountNames,
} from '../answers.ts';
import { amount, type Field, isRecord, malformed, text } from '../field.ts';

type Wire = Readonly<Record<string, unknown>>;

/** Reads margins leniently: null for data that is not an object. */
export function parseKotakMargins(data: unknown): KotakMargins | null {
  if (!isRecord(data)) return null;
  return {
    commodities: list(data.commodities, traded),
    currency: list(data.currency, traded),
    derivatives: list(data.derivatives, traded),
    equity: list(data.equity, equity),
  };
}

function list<T>(value: unknown, read: (wire: Wire) => T): Field<readonly Field<T>[] | null> {
  if (value == null) return null;
  if (!Array.isArray(value)) return malformed;
  return value.map((item: unknown) => (isRecord(item) ? read(item) : malformed));
}

function part<T>(value: unknown, read: (wire: Wire) => T): Field<T | null> {
  if (value == null) return null;
  return isRecord(value) ? read(value) : malformed;
}

function traded(wire: Wire): KotakTradedMargins {
  return {
    exchange: text(wire.exchange),
    futures: part(wire.futures, amounts),
    options: part(wire.options, amounts),
  };
}

function equity(wire: Wire): KotakEquityMargins {
  return {
    exchange: text(wire.exchange),
    cash: part(wire.cash, amounts),
    mtf: part(wire.mtf, amounts),
    mis: part(wire.mis, intraday),
  };
}

function intraday(wire: Wire): KotakIntradayMargins {
  return {
    misCutOff: amount(wire.misCutOff),
    misPnl: amount(wire.misPnl),
    refreshTime: amount(wire.refreshTime),
  };
}

function amounts(wire: Wire): KotakAmounts {
  const pairs = kotakAmountNames.map((name) => [name, amount(wire[name])] as const);
  return Object.fromEntries(pairs) as Record<KotakAmountName, Field<number | null>>;
}
