/**
 * A value of NODE_OPTIONS with which a process finds these names: its own resolver answers for them. For each name its
 * answers one after the other, each a list of IPv4 addresses; the last one for ever. Every other name is looked up as ever.
 */
export function namesFor(answers: Record<string, string[][]>): string {
  const code = `
    import dns from "node:dns";
    import { syncBuiltinESMExports } from "node:module";
    const answers = ${JSON.stringify(answers)};
    const real = dns.lookup;
    dns.lookup = (host, options, callback) => {
      const left = answers[host];
      if (left === undefined) return real(host, options, callback);
      const found = (left.length > 1 ? left.shift() : left[0]).map((address) => ({ address, family: 4 }));
      if (options?.all) callback(null, found);
      else callback(null, found[0].address, 4);
    };
    syncBuiltinESMExports();`;
  return `--import data:text/javascript,${encodeURIComponent(code)}`;
}
