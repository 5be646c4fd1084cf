/** A disk that is soon full: a tmpfs of its own. Needs the right to mount, which not every machine gives. */
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  writeFileSync,
  openSync,
  writeSync,
  closeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SmallDisk {
  folder: string;
  /** Takes all that is left. */
  fill(): void;
  /** Gives it back. */
  empty(): void;
  resize(megabytes: number): void;
  unmount(): void;
}

/** Mounts it on `folder`, which is made. @throws where mounting is not allowed. */
export function mountSmallDisk(folder: string, megabytes: number): SmallDisk {
  mkdirSync(folder, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${String(megabytes)}m,mode=0700`, "tmpfs", folder], {
    stdio: "pipe",
  });
  const filler = join(folder, "filler");
  return {
    folder,
    fill: () => {
      const file = openSync(filler, "a");
      try {
        for (let size = 1024 * 1024; size >= 512; size = size === 512 ? 0 : size / 2) {
          try {
            for (;;) writeSync(file, Buffer.alloc(size));
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
          }
        }
      } finally {
        closeSync(file);
      }
    },
    empty: () => {
      rmSync(filler, { force: true });
    },
    resize: (size) => {
      execFileSync("mount", ["-o", `remount,size=${String(size)}m`, folder], { stdio: "pipe" });
    },
    unmount: () => {
      execFileSync("umount", ["-l", folder], { stdio: "pipe" });
    },
  };
}

/** Whether this machine lets us mount. */
export function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "nightdesk-mount-"));
  try {
    const disk = mountSmallDisk(folder, 1);
    writeFileSync(join(folder, "probe"), "");
    disk.unmount();
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(folder);
  }
}
