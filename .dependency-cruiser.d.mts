interface Rule {
  name: string;
}
export declare const needsRules: (root: string) => Rule[];
declare const rules: { forbidden: Rule[]; options: object };
export default rules;
