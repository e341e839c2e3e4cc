export type SandboxValue = string | number | boolean | null;

/** What the sandbox needs of a database: one statement at a time, rows as they come. */
export interface SandboxDatabase {
  readonly query: (text: string, params: readonly SandboxValue[]) => Promise<readonly unknown[]>;
}
