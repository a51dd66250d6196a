/** What the Matrix parts need from their surroundings; the process that starts them passes it in. */

/** Structured logger; pino's fits. Fields never hold message content, tokens or keys. */
export interface Logger {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** Labels of a metric: few and from a closed set, never ids of rooms or events. */
export type MetricLabels = Readonly<Record<string, string>>;

/** Sink for metrics. Names are in Prometheus form with their unit (`…_seconds`, `…_total`). */
export interface Metrics {
  /** Adds to a counter. */
  count(name: string, labels?: MetricLabels, by?: number): void;
  /** Sets a gauge. */
  gauge(name: string, value: number, labels?: MetricLabels): void;
  /** Adds one observation to a histogram. */
  observe(name: string, value: number, labels?: MetricLabels): void;
}

/** The time. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** Uniform random number, 0 ≤ n < 1; only for jitter and ids that need not be secret. */
export type Random = () => number;

/** A logger that drops everything. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A metrics sink that drops everything. */
export const noMetrics: Metrics = {
  count: () => undefined,
  gauge: () => undefined,
  observe: () => undefined,
};

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now() };
