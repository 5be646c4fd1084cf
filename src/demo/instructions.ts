import type { DemoFacts, SecretFiles } from "./facts.ts";

/**
 * What a person does next, as lines to paste: they work as they are in sh, in cmd and in PowerShell
 * (where `@` outside of quotes means something else, and `curl` without .exe another program).
 */
export function instructions(
  facts: DemoFacts,
  files: SecretFiles,
  { jobId, link }: { jobId: string; link: string | null },
  platform: NodeJS.Platform,
): string[] {
  const { url, poolId, operatorKey, source } = facts;
  const windows = platform === "win32";
  const curl = windows ? "curl.exe" : "curl";
  const header = `-H "@${files.operatorHeader}"`;
  const typed = `-H "Authorization: AppKey ${operatorKey}"`;
  const team = `--url ${url} --pool ${poolId} --key-file "${files.operatorHeader}"`;
  const look =
    "SELECT pid, state, wait_event, query FROM pg_stat_activity WHERE application_name LIKE 'nd:%'";
  const psql = `psql -h ${source.host} -p ${String(source.port)} -U ${source.user} -d ${source.database} -c "${look}"`;
  return [
    "In a browser, on a phone too. The address signs in once, within ten minutes; later the page asks for the key:",
    "",
    `  ${link ?? url}`,
    "",
    "See it, and stop it. The key is in a file and stays off the command line:",
    "",
    `  ${curl} -X GET "${url}/integration/api/pools/${poolId}/logs/status" ${header}`,
    `  ${curl} -i -X POST "${url}/integration/api/pools/${poolId}/jobs/${jobId}/cancel" ${header}`,
    "",
    "The same with the key in the text, as the blog post has it (it stays in the shell's history):",
    "",
    `  ${curl} -X GET "${url}/integration//api/pools/${poolId}/logs/status" ${typed}`,
    `  ${curl} -X POST "${url}/integration/api/pools/${poolId}/jobs/${jobId}/cancel" ${typed}`,
    "",
    "With a word and an exit code:",
    "",
    `  npx nightdesk status ${team}`,
    `  npx nightdesk stop ${jobId} ${team}`,
    "",
    "What the source says of it (one row while it runs, none afterwards):",
    "",
    windows ? `  $env:PGPASSFILE = "${files.pgpass}"; ${psql}` : `  PGPASSFILE="${files.pgpass}" ${psql}`,
  ];
}
