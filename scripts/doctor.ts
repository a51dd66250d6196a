import { parseArgs } from 'node:util';
import { examine, type Level } from './stack/doctor.ts';
import { defaultVarDir } from './stack/index.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean' } } });
const findings = await examine(defaultVarDir());
const failed = findings.some((finding) => finding.level === 'fail');

if (values.json === true) process.stdout.write(`${JSON.stringify({ ok: !failed, findings }, null, 2)}\n`);
else {
  const marks: Record<Level, string> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL', skip: '  - ' };
  for (const { level, check, text, todo } of findings) {
    process.stdout.write(`${marks[level]}  ${check}: ${text}\n`);
    if (todo !== undefined) process.stdout.write(`        → ${todo}\n`);
  }
}
process.exitCode = failed ? 1 : 0;
