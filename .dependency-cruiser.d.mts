declare const rules: { forbidden: { name: string }[]; options: object };
export default rules;
