import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** The metrics of one process, in Prometheus text format at `/metrics`. */
export interface Metrics {
  readonly registry: Registry;
  /** HTTP requests, by domain, route pattern (never the path itself), method and status. */
  readonly httpRequests: Counter<'domain' | 'route' | 'method' | 'status'>;
  readonly httpSeconds: Histogram<'domain' | 'route'>;
  readonly jobs: Counter<'job' | 'outcome'>;
  readonly mails: Counter<'outcome'>;
  readonly jobSeconds: Histogram<'job'>;
  readonly appserviceEvents: Counter<'domain' | 'outcome'>;
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  histogram<L extends string>(
    name: string,
    help: string,
    labels?: readonly L[],
    buckets?: number[],
  ): Histogram<L>;
}

/** Makes the registry of a process; names are prefixed `qiao_`. */
export function createMetrics(options: { process?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (options.process ?? true) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const metrics: Metrics = {
    registry,
    httpRequests: new Counter({
      name: 'qiao_http_requests_total',
      help: 'HTTP requests answered',
      labelNames: ['domain', 'route', 'method', 'status'],
      registers,
    }),
    httpSeconds: new Histogram({
      name: 'qiao_http_request_seconds',
      help: 'Time to answer an HTTP request, in seconds',
      labelNames: ['domain', 'route'],
      registers,
    }),
    jobs: new Counter({
      name: 'qiao_jobs_total',
      help: 'Background jobs ended, by outcome',
      labelNames: ['job', 'outcome'],
      registers,
    }),
    mails: new Counter({
      name: 'qiao_mails_total',
      help: 'Tries to send a mail, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    jobSeconds: new Histogram({
      name: 'qiao_job_seconds',
      help: 'Running time of a background job, in seconds',
      labelNames: ['job'],
      buckets: [0.01, 0.1, 1, 10, 60, 600, 3600],
      registers,
    }),
    appserviceEvents: new Counter({
      name: 'qiao_appservice_events_total',
      help: 'Events received from the homeserver, by outcome',
      labelNames: ['domain', 'outcome'],
      registers,
    }),
    counter: (name, help, labels = []) =>
      new Counter({ name: `qiao_${name}`, help, labelNames: [...labels], registers }),
    gauge: (name, help, labels = []) =>
      new Gauge({ name: `qiao_${name}`, help, labelNames: [...labels], registers }),
    histogram: (name, help, labels = [], buckets) =>
      new Histogram({
        name: `qiao_${name}`,
        help,
        labelNames: [...labels],
        registers,
        ...(buckets ? { buckets } : {}),
      }),
  };
  return metrics;
}
