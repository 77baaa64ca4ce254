export function pack(
  repository: string,
  directory: string,
): { tarball: string; size: number; unpackedSize: number; files: number };

export function installInto(directory: string, tarball: string, manifest?: Record<string, unknown>): void;
