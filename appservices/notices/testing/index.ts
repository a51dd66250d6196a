export { default as notices } from '../module.ts';
