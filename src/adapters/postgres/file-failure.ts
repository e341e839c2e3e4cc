import { StoreError } from './database.ts';

/** True for a failure of the file system with this code, for example `ENOENT`. */
export function isFileError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** A failure to use the folder of an embedded store, as a `StoreError`. */
export function fileFailure(error: unknown, folder: string): StoreError {
  if (error instanceof StoreError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const message = `the folder \`${folder}\` cannot be used for the embedded store: ${detail}`;
  if (isFileError(error, 'EACCES') || isFileError(error, 'EPERM'))
    return new StoreError('forbidden', message, { cause: error });
  const wrongPlace = ['ENOTDIR', 'EEXIST', 'ENAMETOOLONG', 'ELOOP'].some((code) => isFileError(error, code));
  return new StoreError(wrongPlace ? 'misconfigured' : 'unreachable', message, { cause: error });
}
