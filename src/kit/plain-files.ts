import { toAscii } from "../base/ascii.ts";
import type { KitFacts } from "./facts.ts";

/** The small files of a kit, ASCII, lines ended by `\n`. */

export function startHereText({ language, contact, pool, key, certificate }: KitFacts): string {
  const books =
    language === "ja"
      ? `RUNBOOK.html       what to do, step by step, in Japanese: open it in a browser
RUNBOOK-CP932.txt  the same as text, for Japanese Windows
RUNBOOK.txt        the same in English`
      : `RUNBOOK.html       what to do, step by step: open it in a browser
RUNBOOK.txt        the same as text`;
  return `Nightdesk: see and stop the data jobs of ${toAscii(pool.name)}

Open RUNBOOK.html first. Nothing has to be installed.

${books}
STATUS.cmd         double-click: does anything touch the source?
STOP.cmd           double-click: stop it, and say what is proven
lib                parts of the two
server.txt         the address of the server
settings.txt       for the network: proxy, certificates
key.txt            the key: keep it to yourself; valid until ${toAscii(key.expires)}
${certificate === null ? "" : "certificate.crt    the certificate of the server: RUNBOOK.html, part 1\n"}MANIFEST           SHA-256 of every file; to compare one: certutil -hashfile STOP.cmd SHA256

If it came as a zip: right-click the zip, Properties, tick Unblock, then Extract All.
If the .cmd files are missing, the mail took them away: RUNBOOK.txt, part 4.
Only NIGHTDESK CLEAR means that nothing touches the source. In doubt do not shut it down and call:
${toAscii(contact)}
`;
}

export function serverText({ url, pool, contact }: KitFacts): string {
  return `# Where the commands ask. Nothing secret.
url=${url}
pool=${pool.id}
contact=${toAscii(contact)}
`;
}

export function keyText({ key }: KitFacts): string {
  return `# The key ${toAscii(key.name)}: it can look and stop in one pool, until ${toAscii(key.expires)}.
# Keep it to yourself. To let only yourself read it, in a command window in this folder:
#   icacls key.txt /inheritance:r /grant:r "%USERNAME%:R"
header = "Authorization: AppKey ${key.text}"
`;
}

/** A file of curl's own: what is commented out is not in force. */
export const settingsText = `# Settings of curl.exe for your network. Take the # away before a line to put it into force.

# A proxy. curl does not read the proxy settings of Windows; put in the address of yours.
# proxy = "http://127.0.0.1:8080"
# Sign in there as the user of Windows:
# proxy-negotiate
# proxy-user = ":"

# If curl says that revocation could not be checked (exit code 35): the list of revoked certificates
# cannot be reached from here. The certificate itself is still checked.
# ssl-no-revoke

# A certification authority of your own, as a file. Only for curl 7.60 and newer; on an older one import it
# into the store of Windows (RUNBOOK.html, part 1), which is better in any case.
# cacert = "C:/certificates/authority.pem"
`;
