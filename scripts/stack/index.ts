export * from './config.ts';
export { paths, root, defaultVarDir, synapseModulePath } from './paths.ts';
export { describePort, freePorts, isPortFree, portHolder } from './ports.ts';
export {
  PartFailed,
  findOrphans,
  forgetSupervisor,
  logTail,
  noteSupervisor,
  processStart,
  runningSupervisor,
  stopOrphans,
} from './process.ts';
export { DatabaseError, withSuperuser } from './postgres.ts';
export * from './stack.ts';
